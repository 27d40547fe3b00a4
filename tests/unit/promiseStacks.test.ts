import assert from "node:assert/strict";
import * as debuggable from "@pulumi/pulumi/runtime/debuggable";
import { leaveOutPromiseStacks } from "../../stacks/platform/promiseStacks";

/** Pulumi's own function, which its types leave out. */
const { debuggablePromise } = debuggable as unknown as {
    readonly debuggablePromise: (promise: Promise<void>, context: string) => Promise<void>;
};

/** The stack that Pulumi keeps of a promise. */
async function promiseStack(): Promise<string> {
    const promise = Promise.resolve();
    await debuggablePromise(promise, "a test");
    return (promise as unknown as { readonly _debugStackTrace: string })._debugStackTrace;
}

describe("the stacks of Pulumi's promises", () => {
    const original = Error.prepareStackTrace.bind(Error);
    // In place of what all tests run with.
    const mapped = (error: Error, frames: NodeJS.CallSite[]): string =>
        [String(error), ...frames.map(String)].join("\n    at ");

    beforeEach(() => {
        Error.prepareStackTrace = mapped;
    });
    afterEach(() => {
        Error.prepareStackTrace = original;
    });

    it("the stack of a promise is left out, and that of an error is not", async () => {
        leaveOutPromiseStacks({});
        assert.equal(await promiseStack(), "Error");
        assert.match(new Error("wrong").stack ?? "", /promiseStacks\.test\.ts/);
    });

    it("the stack of a promise is kept for a report about leaks", async () => {
        leaveOutPromiseStacks({ PULUMI_DEBUG_PROMISE_LEAKS: "1" });
        assert.match(await promiseStack(), /debuggable\.js/);
    });
});
