import assert from "node:assert/strict";
import { problemFindings, refusal, skippedChecks } from "../../stacks/preflight/finding";
import { loginsOf } from "../../stacks/preflight/pullSecret";
import { found, nodes, only, POD } from "../support/preflight";

describe("the preflight", () => {
    it("finds nothing where everything fits", () => {
        assert.deepEqual(found({}), []);
    });

    it("reports pods that wait for the same reason in one line", () => {
        const pods = ["a", "b", "c"].map((name) => ({ ...POD, name, nodeSelector: { pool: "none" } }));
        assert.match(
            only({ demands: { pods } }) ?? "",
            /StatefulSet a, StatefulSet b, StatefulSet c: of node one/,
        );
    });

    it("skips the checks that the settings or the run name, and says so", () => {
        const settings = { cluster: { skipChecks: ["nodes"] } };
        assert.match(
            only({ ...nodes({ allocatable: {} }), settings }) ?? "",
            /^unchecked: not checked: nodes/,
        );
        assert.deepEqual(skippedChecks({ FLTS_SKIP_CHECKS: "nodes, quota" }), ["quota", "nodes"]);
        assert.equal(skippedChecks({ FLTS_SKIP_CHECKS: "all" }).includes("permissions"), true);
        assert.throws(() => skippedChecks({ FLTS_SKIP_CHECKS: "node" }), /"node", which is not a check/);
    });

    // A destroy runs the program too, which cannot know that it is one.
    it("allows a run without checks, with an override that matches nothing, and names the way to start one", () => {
        const problems = ["flts:overrides[0] matches nothing"];
        assert.equal(
            refusal(problemFindings(problems, skippedChecks({ FLTS_SKIP_CHECKS: "all" }))),
            undefined,
        );
        assert.match(
            refusal(problemFindings(problems, skippedChecks({ FLTS_SKIP_CHECKS: "nodes" }))) ?? "",
            /matches nothing\nFLTS_SKIP_CHECKS=all runs without these checks, such as a destroy with --run-program/,
        );
    });

    it("reports everything in one message, errors first", () => {
        const message = refusal([
            { level: "unchecked", message: "not checked: x (y)" },
            { level: "warning", message: "second" },
            { level: "error", message: "first" },
        ]);
        assert.match(
            message ?? "",
            /^preflight: 1 problem; nothing was changed:\n {2}- first\n {2}- warning: second\n {2}- not checked: x \(y\)\n/,
        );
        assert.equal(refusal([{ level: "warning", message: "second" }]), undefined);
    });

    it("reads logins of both types of pull secrets", () => {
        const encode = (value: unknown): string =>
            Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64");
        const auths = { "registry.example": { auth: encode("jane:s:cret") } };
        const expected = { "registry.example": { username: "jane", password: "s:cret" } };
        assert.deepEqual(loginsOf({ ".dockerconfigjson": encode({ auths }) }), expected);
        assert.deepEqual(loginsOf({ ".dockercfg": encode(auths) }), expected);
        assert.deepEqual(loginsOf({ ".dockerconfigjson": encode("{") }), {});
    });
});
