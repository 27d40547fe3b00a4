import { execa } from "execa";
import { toolPath } from "../../toolchain/tools/paths";
import { createConsole, fail, Progress, runMain } from "../../toolchain/console/index";
import { readPreview } from "./changes";
import { comment } from "./comment";
import { failedDigest, parseDigest } from "./digest";
import { terminalReport } from "./terminal";
import { readOptions } from "../stack/options";
import { deploymentOverrides } from "../stack/overrides";
import { projectDirectory, Workspace } from "../stack/workspace";

/** What FORMAT may be: a report for the terminal, a pull request's comment, or the engine's own JSON. */
const FORMATS = ["text", "comment", "json"] as const;

const output = createConsole(process.stdout);

/** Milliseconds that a preview takes on two cores. */
const ESTIMATE = 15_000;

/** `make preview`: what `make up` would change, what loses data first. Fails when the preview does. */
void runMain(output, async () => {
    const format = readFormat(process.env.FORMAT);
    const options = readOptions(process.env);
    const workspace = new Workspace(options);
    workspace.prepare(await deploymentOverrides(options));
    // Standard output is the report's alone, for a script to read.
    const printed = await new Progress(createConsole()).step(
        `Preview of ${options.stack}`,
        { estimate: ESTIMATE },
        () => runPreview(workspace),
    );
    const preview = readPreview(options.stack, parseDigest(printed, "its output"));
    const reports = {
        text: () => terminalReport(preview, output),
        comment: () => comment([preview]),
        json: () => printed,
    };
    output.line(reports[format]());
    if (preview.errors.length > 0) {
        process.exitCode = 1;
    }
});

function readFormat(value: string | undefined): (typeof FORMATS)[number] {
    const wanted = value?.trim() ? value.trim() : "text";
    return (
        FORMATS.find((format) => format === wanted) ??
        fail(`FORMAT=${wanted}: use ${FORMATS.join(", ")}, or leave it out for ${FORMATS[0]}.`)
    );
}

/** What the engine prints, or the same in form with its message when it failed before it could print anything. */
async function runPreview(workspace: Workspace): Promise<string> {
    const { stdout, stderr } = await execa(
        toolPath("pulumi"),
        workspace.parameters(["preview", "--json", "--non-interactive"]),
        { cwd: projectDirectory, env: workspace.environment, stdin: "ignore", reject: false },
    );
    return stdout.trimStart().startsWith("{")
        ? stdout
        : JSON.stringify(failedDigest(stderr.trim() || "pulumi printed nothing."));
}
