import assert from "node:assert/strict";
import { countResults, describeFailures, nameCauses } from "../support/counts";
import { runMocha } from "../support/runMocha";
import { chooseSuites, suites } from "../suites";

describe("the closing line's counts", () => {
    it("mocha's counts come from its own summary, coloured or not, and a pending test counts as failed", () => {
        assert.deepEqual(countResults("mocha", "  \u001b[32m12 passing\u001b[0m (3s)\n  1 pending\n", 0), {
            passed: 12,
            failed: 1,
        });
    });

    it("pytest's counts come from its last line", () => {
        assert.deepEqual(countResults("pytest", "==== 2 failed, 30 passed, 1 warning in 4.21s ====", 1), {
            passed: 30,
            failed: 2,
        });
    });

    it("go test's counts come from its results of top-level tests", () => {
        const text =
            "--- PASS: TestOne (0.00s)\n    --- PASS: TestOne/case (0.00s)\n--- FAIL: TestTwo (0.00s)\n";
        assert.deepEqual(countResults("go", text, 1), { passed: 1, failed: 1 });
    });

    it("a runner that crashed without a failed test counts as a failure", () => {
        assert.deepEqual(countResults("mocha", "Error: cannot find module", 1), { passed: 0, failed: 1 });
        assert.deepEqual(countResults("check", "anything", 2), { passed: 0, failed: 1 });
    });
});

describe("the account of failures at the end of a run", () => {
    it("the report of failures is the runner's own, without the tests that passed", () => {
        const mocha =
            "  ✔ adds\n  1) divides\n\n  1 passing (1s)\n  1 failing\n\n  1) divides:\n     Error: by zero\n";
        assert.equal(describeFailures("mocha", mocha), "  1 failing\n\n  1) divides:\n     Error: by zero");
        const pytest = "....F\n=== FAILURES ===\nE  boom\n=== short test summary info ===\nFAILED x\n";
        assert.match(describeFailures("pytest", pytest), /^=== FAILURES ===\nE {2}boom\n/);
        assert.equal(
            describeFailures("go", "--- PASS: TestOne\n--- FAIL: TestTwo\n    x.go:3: no\n"),
            "--- FAIL: TestTwo\n    x.go:3: no",
        );
    });

    it("a long report of failures keeps its beginning and its end, which have the name of the test and the cause", () => {
        const long = `  1 failing\n\n  1) deploys:\n${"     creating\n".repeat(500)}     error: no space left`;
        const described = describeFailures("mocha", long, 9).split("\n");
        assert.deepEqual(described.slice(0, 3), ["  1 failing", "", "  1) deploys:"]);
        assert.equal(described[3], "[495 lines are left out]");
        assert.equal(described.at(-1), "     error: no space left");
        assert.equal(described.length, 10);
    });

    it("without a report of failures the end of the output is shown", () => {
        assert.equal(describeFailures("check", "one\ntwo\nthree\n", 2), "two\nthree");
        assert.equal(
            describeFailures("mocha", "starts\nError: cannot find module\n", 1),
            "Error: cannot find module",
        );
    });
});

describe("the causes below the closing table", () => {
    it("the causes below the closing table are the lines that name an error, each once, and fit on a screen", () => {
        const pulumi = [
            "  1 failing",
            "  1) deploys:",
            ...Array<string>(500).fill("     +  Deployment creating (0s)"),
            ...Array<string>(3).fill("     error: IamUser train: 503"),
            "     urls: {",
        ].join("\n");
        assert.equal(nameCauses("mocha", pulumi), "FAILED 1) deploys:\nerror: IamUser train: 503");
        const many = Array.from({ length: 300 }, (_, index) => `error ${index}: no`).join("\n");
        const named = nameCauses("check", many);
        assert.match(named, /^error 0: no\n/);
        assert.ok(named.length <= 600, named);
    });

    it("a failed assertion is named with the titles of its test, in the form that mocha prints", async () => {
        const { everything } = await runMocha(
            `const assert = require("node:assert/strict");
             describe("one", () => describe("two", () => {
                 it("passes", () => {});
                 it("compares", () => assert.equal(1, 2));
                 it("matches", () => assert.match("a", /b/));
             }));`,
        );
        const [compares, , matches] = nameCauses("mocha", everything).split("\n");
        assert.equal(compares, "FAILED 1) one: two: compares:");
        assert.equal(matches, "FAILED 2) one: two: matches:");
        assert.match(nameCauses("mocha", everything), /^AssertionError \[ERR_ASSERTION\]: Expected values/m);
    });

    it("a cause that is too long is left out, not those after it", () => {
        const text = `error: ${"x".repeat(1_000)}\nerror: short`;
        assert.match(nameCauses("check", text, 100), /^error: short$/);
    });
});

describe("choosing suites", () => {
    it("all suites run without names, and an unknown name is refused", () => {
        assert.equal(chooseSuites([]), suites);
        assert.deepEqual(
            chooseSuites(["unit"]).map((suite) => suite.name),
            ["unit"],
        );
        assert.throws(() => chooseSuites(["unti"]), /no suite unti; the suites are types, lint/);
    });
});
