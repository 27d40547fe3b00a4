import assert from "node:assert/strict";
import { countResults } from "../support/counts";
import { chooseSuites, suites } from "../suites";

describe("the closing line's counts", () => {
    it("come from mocha's own summary, colours or not, and count a pending test as failed", () => {
        assert.deepEqual(countResults("mocha", "  \u001b[32m12 passing\u001b[0m (3s)\n  1 pending\n", 0), {
            passed: 12,
            failed: 1,
        });
    });

    it("come from pytest's last line", () => {
        assert.deepEqual(countResults("pytest", "==== 2 failed, 30 passed, 1 warning in 4.21s ====", 1), {
            passed: 30,
            failed: 2,
        });
    });

    it("come from go test's verdicts on its top-level tests", () => {
        const text =
            "--- PASS: TestOne (0.00s)\n    --- PASS: TestOne/case (0.00s)\n--- FAIL: TestTwo (0.00s)\n";
        assert.deepEqual(countResults("go", text, 1), { passed: 1, failed: 1 });
    });

    it("turn a runner that crashed without a failed test into a failure", () => {
        assert.deepEqual(countResults("mocha", "Error: cannot find module", 1), { passed: 0, failed: 1 });
        assert.deepEqual(countResults("check", "anything", 2), { passed: 0, failed: 1 });
    });
});

describe("choosing suites", () => {
    it("runs all without names and refuses a name that is none", () => {
        assert.equal(chooseSuites([]), suites);
        assert.deepEqual(
            chooseSuites(["unit"]).map((suite) => suite.name),
            ["unit"],
        );
        assert.throws(() => chooseSuites(["unti"]), /no suite unti; the suites are types, lint/);
    });
});
