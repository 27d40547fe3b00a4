import { must } from "../../toolchain/tools/command";
import { toolPath } from "../../toolchain/tools/paths";
import { formatDuration, Progress, table, type Console } from "../../toolchain/console/index";
import type { StackOptions } from "../stack/options";
import { deploymentOverrides } from "../stack/overrides";
import { Workspace } from "../stack/workspace";

/** The sum of a pulumi summary's counts, such as `120 unchanged` and `+ 3 to create`. */
export function resourceCount(summary: string): number {
    const [, counts = ""] = /^Resources:\n((?: .*\n)+)/m.exec(summary) ?? [];
    return [
        ...counts.matchAll(/(\d+) (?:unchanged|to create|to update|to delete|to replace|created|updated)/g),
    ].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Runs a pulumi command with the settings that the stack was last prepared with; returns time and resources. */
async function timed(workspace: Workspace, command: readonly string[]): Promise<string[]> {
    const environment = Object.fromEntries(
        Object.entries(workspace.environment).filter(
            (entry): entry is [string, string] => entry[1] !== undefined,
        ),
    );
    const started = Date.now();
    const parameters = workspace.parameters([...command, "--non-interactive"]);
    const summary = await must(toolPath("pulumi"), parameters, { environment });
    return [formatDuration(Date.now() - started), String(resourceCount(summary))];
}

/** Measures the program: an update that finds nothing to do, and the preview of the prod stack. */
export async function benchProgram(
    output: Console,
    options: StackOptions,
    workspace: Workspace,
): Promise<void> {
    const progress = new Progress(output);
    const update = await progress.step(`Update of ${options.stack}`, { estimate: 25_000 }, () =>
        timed(workspace, ["up", "--yes", "--skip-preview"]),
    );
    // A stack and a namespace of its own: the API server refuses to plan two stacks in one namespace.
    const prodOptions = { ...options, stack: "bench" };
    const prod = new Workspace(prodOptions);
    prod.prepare(
        {
            ...(await deploymentOverrides(prodOptions)),
            "flts:namespace": "flts-bench",
            "flts:production": false,
        },
        "prod",
    );
    try {
        const preview = await progress.step("Preview of prod", { estimate: 20_000 }, () =>
            timed(prod, ["preview"]),
        );
        output.line(
            `\n${table([
                ["", "time", "resources"],
                [`up --stack ${options.stack}, nothing to do`, ...update],
                ["preview --stack prod", ...preview],
            ])}\n`,
        );
    } finally {
        prod.remove();
    }
}
