import assert from "node:assert/strict";
import { join } from "node:path";
import pWaitFor from "p-wait-for";
import { projectDirectory, run, type Outcome } from "../support/commands";
import { runMocha } from "../support/runMocha";
import { runSuiteCommand } from "../support/suiteCommand";

/** A command that nothing else on this machine runs. */
const SLEEP = `sleep ${100_000 + process.pid}`;

/** Resolves when it has ended: a killed process runs until the kernel next gives it a processor. */
async function sleepEnds(): Promise<void> {
    await pWaitFor(async () => (await run("pgrep", ["--full", "--exact", SLEEP])).code === 1, {
        interval: 100,
        timeout: { milliseconds: 60_000, message: `${SLEEP} still runs` },
    });
}

describe("the end of a suite", function () {
    // This suite gets a processor when no other wants one: each limit below leaves time for that.
    this.timeout(180_000);

    /** Runs one test in a process of its own, which ends `graceMilliseconds` after it. */
    function runTest(body: string, graceMilliseconds: number): Promise<Outcome> {
        const endOfTests = JSON.stringify(join(projectDirectory, "tests/support/endOfTests"));
        return runMocha(
            `it("runs", () => { ${body} });`,
            `exports.mochaHooks = { afterAll: () => require(${endOfTests}).endAfterTests(${graceMilliseconds}) };`,
        );
    }

    it("a server that does not stop with its test is reported and killed, and the result stays", async () => {
        const leave = `require("node:child_process").spawn("sh", ["-c", "${SLEEP}; true"]);`;
        const passed = await runTest(leave, 500);
        assert.equal(passed.code, 0);
        assert.match(passed.everything, /1 passing[^]*ended 0\.5 s ago, and this still ran:[^]*sleep \d/);
        await sleepEnds();

        const failed = await runTest(`${leave} throw new Error("wrong");`, 500);
        assert.equal(failed.code, 1);
        assert.match(failed.everything, /1 failing/);
        await sleepEnds();
    });

    it("a process without anything left ends at once, without a word", async () => {
        const { code, everything } = await runTest("", 30_000);
        assert.equal(code, 0);
        assert.doesNotMatch(everything, /still ran/);
    });

    it("a command that prints nothing for too long, or takes too long, ends with what it started, and has failed", async () => {
        for (const limits of [
            { seconds: 60, silentMilliseconds: 5_000 },
            { seconds: 5, silentMilliseconds: 60_000 },
        ]) {
            const { text, code } = await runSuiteCommand(
                `echo begun; ${SLEEP}; true`,
                [],
                limits,
                () => undefined,
            );
            assert.match(text, /^begun/);
            assert.equal(text.includes("printed nothing for"), limits.seconds === 60);
            assert.notEqual(code, 0);
            await sleepEnds();
        }
    });

    it("a command that prints now and then is not stopped", async () => {
        const limits = { seconds: 60, silentMilliseconds: 4_000 };
        const { text, code } = await runSuiteCommand(
            "for i in 1 2 3 4; do sleep 1.2; echo $i; done",
            [],
            limits,
            () => undefined,
        );
        assert.deepEqual({ text, code }, { text: "1\n2\n3\n4\n", code: 0 });
    });
});
