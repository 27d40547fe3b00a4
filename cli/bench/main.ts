import { createConsole, fail, runMain } from "../../toolchain/console/index";
import { readOptions } from "../stack/options";
import { Workspace } from "../stack/workspace";
import { benchProgram } from "./program";
import { benchServing } from "./serving";

const output = createConsole(process.stdout);

/** `make bench`: metrics of the running stack, for people; nothing passes or fails by them. */
void runMain(output, async () => {
    const options = readOptions(process.env);
    const workspace = new Workspace(options);
    if (!workspace.exists() || workspace.resources().length === 0) {
        fail(`stack ${options.stack} is not deployed: run \`make up\` first.`);
    }
    await benchProgram(output, options, workspace);
    await benchServing(output, options, workspace);
});
