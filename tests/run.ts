import { spawn } from "node:child_process";
import { createConsole, formatDuration, runMain, table } from "../toolchain/console";
import { chooseSuites, type Suite } from "./suites";
import { countResults, describeFailures, type Count } from "./support/counts";
import "./support/strictPlugins";

const output = createConsole(process.stdout);

interface Result extends Count {
    /** Everything that the suite printed. */
    readonly text: string;
    readonly milliseconds: number;
}

/** Runs one suite with its output passed through, and counts what its runner's closing lines say. */
async function run(suite: Suite): Promise<Result> {
    const started = Date.now();
    const child = spawn("bash", ["-c", suite.command], { stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (chunk: Buffer) => {
            text += chunk.toString();
            process.stdout.write(chunk);
        });
    }
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    const count = countResults(suite.runner, text, code);
    return { ...count, text, milliseconds: Date.now() - started };
}

/** Runs the chosen suites in order, cheapest first, and ends with the one line that counts over all of them. */
async function main(): Promise<void> {
    const chosen = chooseSuites(process.argv.slice(2));
    const rows = [["suite", "passed", "failed", "time"]];
    let passed = 0;
    let failed = 0;
    const failures: string[] = [];
    for (const [index, suite] of chosen.entries()) {
        output.line(`\n== ${suite.name} (${index + 1}/${chosen.length}): ${suite.proves}`);
        const result = await run(suite);
        // A suite that ran nothing proves nothing: a wrong path must not look like success.
        const empty = result.passed + result.failed === 0;
        passed += result.passed;
        failed += result.failed + (empty ? 1 : 0);
        if (result.failed > 0 || empty) {
            failures.push(`== ${suite.name} failed:\n${describeFailures(suite.runner, result.text)}`);
        }
        rows.push([
            suite.name,
            String(result.passed),
            empty ? "ran nothing" : String(result.failed),
            formatDuration(result.milliseconds),
        ]);
    }
    for (const failure of failures) {
        output.line(`\n${failure}`);
    }
    output.line(`\n${table(rows)}\n`);
    output.line(`${passed} passed, ${failed} failed`);
    if (failed > 0) {
        process.exitCode = 1;
    }
}

void runMain(output, main);
