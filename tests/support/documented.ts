import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { dirname, delimiter, join } from "node:path";
import { execa } from "execa";
import { toolPath } from "../../toolchain/tools/paths";
import { projectDirectory, run, type CommandOptions, type Outcome } from "./commands";

/** Every page of the project, by its path from the root. */
export function pages(): string[] {
    const listed = ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"];
    return execFileSync("git", listed, { cwd: projectDirectory, encoding: "utf8" })
        .split("\n")
        .filter((page) => page !== "" && existsSync(join(projectDirectory, page)));
}

export function textOf(page: string): string {
    return readFileSync(join(projectDirectory, page), "utf8");
}

/** The commands of a page's `sh` blocks, in their order. A pipeline or loop over several lines is one command. */
export function shellCommands(page: string): string[] {
    return commandsIn(textOf(page));
}

export function commandsIn(text: string): string[] {
    const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)];
    return blocks.flatMap(([, block = ""]) => {
        const commands: string[] = [];
        let open = "";
        for (const line of block.split("\n")) {
            open += open === "" ? line : `\n${line}`;
            if (!/[\\|]$/.test(line) && !/^for .*(?<!\ndone)$/s.test(open)) {
                commands.push(open.replace(/\s+# .*$/, "").trim());
                open = "";
            }
        }
        return commands.filter((command) => command !== "" && !command.startsWith("#"));
    });
}

/** What a documented command is run with. */
export interface DocumentedOptions extends CommandOptions {
    /** Values in place of the page's examples and placeholders, each of which has to be in the command. */
    readonly replace?: Readonly<Record<string, string>>;
}

/** A command as a page has it, with values in place of its examples, and an environment in which its tools are found. */
function documented(
    page: string,
    command: string,
    { replace = {}, environment }: DocumentedOptions,
): { readonly line: string; readonly environment: NodeJS.ProcessEnv } {
    assert.ok(shellCommands(page).includes(command), `${page} has no command ${command}`);
    let line = command;
    for (const [example, value] of Object.entries(replace)) {
        assert.ok(line.includes(example), `${example} is not in: ${command}`);
        line = line.replaceAll(example, value);
    }
    const path = [dirname(toolPath("kubectl")), dirname(toolPath("pulumi")), process.env.PATH ?? ""];
    return { line, environment: { PATH: path.join(delimiter), ...environment } };
}

/**
 * Runs a command as a page has it. `tests/unit/commandInventory.test.ts` looks for calls of this function, whose first two
 * arguments are literals, to see that no command of a page is left out.
 *
 * @throws when the page has no such command, or when it ends with another code than 0.
 */
export async function runDocumented(
    page: string,
    command: string,
    options: DocumentedOptions = {},
): Promise<Outcome> {
    const { line, environment } = documented(page, command, options);
    const outcome = await run("bash", ["-o", "pipefail", "-c", line], { ...options, environment });
    assert.equal(outcome.code, 0, `${line}\n${outcome.everything}`);
    return outcome;
}

/**
 * Does `work` while a command of a page runs that holds its terminal, such as a port-forward: from the first line that
 * it prints. `tests/unit/commandInventory.test.ts` looks for calls of this function too.
 */
export async function duringDocumented(
    page: string,
    command: string,
    work: () => Promise<void>,
    options: DocumentedOptions = {},
): Promise<void> {
    const { line, environment } = documented(page, command, options);
    const child = execa("bash", ["-c", `exec ${line}`], {
        env: environment,
        stdin: "ignore",
        all: true,
        reject: false,
    });
    try {
        await Promise.race([once(child.stdout, "data"), child]);
        assert.equal(child.exitCode, null, `${line} ended before it was used`);
        await work();
    } finally {
        child.kill();
        await child;
    }
}
