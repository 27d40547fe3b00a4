import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LOAD_TEST_NAME } from "../components/contract";
import type { LoadTestResult } from "../components/loadTest/lastLoadTest";
import { stateDirectory } from "../toolchain/tools/paths";
import { createConsole, fail, Progress, runMain, table, type Console } from "../toolchain/console/index";
import { deployedStack } from "./stack/deployedStack";
import { LoadTestRun } from "./jobs/loadTestJob";
import { readOptions } from "./stack/options";

/** What the run left, as its reader wants it. */
function resultTable(result: Omit<LoadTestResult, "job" | "finishedAt">): string {
    return table([
        ["requests", `${result.requests}, ${result.requestsPerSecond} a second`],
        ["failed", `${(result.failureRatio * 100).toFixed(2)} %`],
        ["forecasts, p50", `${result.p50Milliseconds} ms`],
        ["forecasts, p95", `${result.p95Milliseconds} ms`],
        ["limits", result.passed ? "all met" : result.reasons.join("; ")],
    ]);
}

/** `make load-test`: a load test inside the cluster; ends with an error when a limit was not met. */
async function main(output: Console): Promise<void> {
    const options = readOptions(process.env);
    const { workspace, namespace, kubectl } = deployedStack(options);
    const run = await LoadTestRun.start(kubectl, namespace);
    const directory = join(stateDirectory(), LOAD_TEST_NAME, run.job);
    mkdirSync(directory, { recursive: true });
    await new Progress(output).step("Load test", { estimate: run.milliseconds }, () =>
        run.collect(directory),
    );
    // Nothing but the stack itself is in this update: its outputs get the result, and all else stays as it is.
    const urn = `urn:pulumi:${options.stack}::flts::pulumi:pulumi:Stack::flts-${options.stack}`;
    await workspace.run(["up", "--yes", "--skip-preview", "--target", urn]);

    const result = JSON.parse(readFileSync(join(directory, "result.json"), "utf8")) as LoadTestResult;
    output.line(`\n${resultTable(result)}`);
    output.line(`\nReport and CSV files: ${directory}`);
    if (!result.passed) {
        fail("the forecast API did not keep the limits (flts:loadTest.limits).");
    }
}

const output = createConsole(process.stdout);
void runMain(output, () => main(output));
