import { createConsole, runMain, UserError } from "../console";
import { Journal } from "../steps/journal";
import { down } from "./down";
import { clusterLayout } from "./layout";
import { status } from "./status";
import { up } from "./up";

const console = createConsole();

/** `up`, `down` or `status` of the embedded cluster. Exit code 1 on failure, and from `status` if it is not well. */
async function main(): Promise<void> {
    const [command, ...rest] = process.argv.slice(2);
    const layout = clusterLayout();
    if (rest.length > 0) {
        throw new UserError(`"${rest.join(" ")}" is not understood: give up, down or status alone`);
    }
    switch (command) {
        case "up":
            await new Journal().measure("cluster", () => up(layout, console));
            return;
        case "down":
            await down(layout, console);
            return;
        case "status":
            process.exitCode = (await status(layout, console)) ? 0 : 1;
            return;
        default:
            throw new UserError(
                `"${command ?? ""}" is not a command of the embedded cluster: give up, down or status`,
            );
    }
}

void runMain(console, main);
