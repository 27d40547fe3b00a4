import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createConsole, fail, runMain, table } from "../console";
import { toolchainDirectory } from "../tools/directories";
import { pinnedComponents, published } from "./pinned";
import { endings, supportPage } from "./report";

const usage =
    "usage: main.ts [write]: report components whose support ended or ends soon, or write docs/support.md";

const output = createConsole();

/** Prints what is past its support or near it; fails where something is past it. */
function report(): void {
    const found = endings(pinnedComponents(), new Date());
    const rows = found.map(({ component, ends, days }) => [
        component.name,
        component.version,
        ends,
        days < 0 ? `ended ${-days} days ago` : `ends in ${days} days`,
        component.source,
    ]);
    if (rows.length > 0) {
        process.stdout.write(
            `${table([["COMPONENT", "VERSION", "SUPPORT ENDS", "", "PINNED IN"], ...rows])}\n`,
        );
    }
    const past = found.filter(({ days }) => days < 0);
    if (past.length > 0) {
        fail(`${past.length} of the pinned components are past their support; docs/support.md lists all.`);
    }
}

function main(): Promise<void> {
    const [command, ...rest] = process.argv.slice(2);
    if (rest.length > 0 || (command !== undefined && command !== "write")) {
        fail(usage);
    }
    if (command === "write") {
        writeFileSync(
            join(resolve(toolchainDirectory, ".."), "docs", "support.md"),
            supportPage(pinnedComponents(), published),
        );
    } else {
        report();
    }
    return Promise.resolve();
}

void runMain(output, main);
