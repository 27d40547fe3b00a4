import { createConsole, formatDuration, runMain, table } from "../toolchain/console";
import { runLanes } from "./lanes";
import { chooseSuites, type Suite } from "./suites";
import { countResults, describeFailures, nameCauses, type Count } from "./support/counts";
import "./support/strictPlugins";
import { runSuiteCommand, type CommandLimits } from "./support/suiteCommand";

const output = createConsole(process.stdout);

/** More than any suite takes on a slow machine: one that does not end must not keep the others' results from CI. */
const LIMITS: CommandLimits = { seconds: 60 * 60, silentMilliseconds: 25 * 60_000 };

interface Result extends Count {
    readonly suite: Suite;
    /** Everything that the suite printed. */
    readonly text: string;
    readonly milliseconds: number;
}

/** Suites that run now. */
const running = new Set<Suite>();
/** The suite whose output is passed on as it comes; that of others is printed when they end. */
let shown: Suite | undefined;

/** Runs one suite, and counts what its runner's closing lines say. */
async function run(suite: Suite): Promise<Result> {
    const started = Date.now();
    output.line(`\n== ${suite.name} started: ${suite.proves}`);
    running.add(suite);
    if (running.size === 1) {
        shown = suite;
    }
    const prefix = suite.yields === true ? ["nice"] : [];
    const { text, code } = await runSuiteCommand(suite.command, prefix, LIMITS, (part) => {
        if (shown === suite) {
            process.stdout.write(part);
        }
    });
    running.delete(suite);
    const milliseconds = Date.now() - started;
    const result = { ...countResults(suite.runner, text, code), suite, text, milliseconds };
    const { passed, failed } = result;
    const summary = `${passed} passed, ${failed} failed, ${formatDuration(milliseconds)}`;
    output.line(
        shown === suite ? `\n== ${suite.name}: ${summary}` : `\n== ${suite.name}: ${summary}\n${text}`,
    );
    if (shown === suite) {
        shown = undefined;
    }
    return result;
}

/** Runs the chosen suites and ends with the one line that counts over all of them. */
async function main(): Promise<void> {
    const rows = [["suite", "passed", "failed", "time"]];
    let passed = 0;
    let failed = 0;
    const causes: string[] = [];
    const started = Date.now();
    const results = await runLanes(chooseSuites(process.argv.slice(2)), run);
    for (const result of results) {
        const { suite } = result;
        // A suite that ran nothing proves nothing: a wrong path must not look like success.
        const empty = result.passed + result.failed === 0;
        passed += result.passed;
        failed += result.failed + (empty ? 1 : 0);
        if (result.failed > 0 || empty) {
            output.line(`\n== ${suite.name} failed:\n${describeFailures(suite.runner, result.text)}`);
            causes.push(`== ${suite.name}:\n${nameCauses(suite.runner, result.text)}\n`);
        }
        rows.push([
            suite.name,
            String(result.passed),
            empty ? "ran nothing" : String(result.failed),
            formatDuration(result.milliseconds),
        ]);
    }
    rows.push(["all", String(passed), String(failed), formatDuration(Date.now() - started)]);
    output.line(`\n${table(rows)}\n`);
    causes.forEach((cause) => {
        output.line(cause);
    });
    output.line(`${passed} passed, ${failed} failed`);
    if (failed > 0) {
        process.exitCode = 1;
    }
}

void runMain(output, main);
