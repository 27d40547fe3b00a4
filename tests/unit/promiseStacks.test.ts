import assert from "node:assert/strict";
import { leaveOutPromiseStacks, type DebuggablePromise } from "../../stacks/platform/promiseStacks";
import { originalPromise, pulumiModule } from "../support/promiseStacks";

/** The stack that Pulumi keeps of a promise. */
async function promiseStack(module: { readonly debuggablePromise: DebuggablePromise }): Promise<string> {
    const promise = Promise.resolve();
    await module.debuggablePromise(promise, "a test");
    return (promise as unknown as { readonly _debugStackTrace: string })._debugStackTrace;
}

describe("the stacks of Pulumi's promises", () => {
    it("the stack of a promise is left out, and that of an error is not", async () => {
        const module = { debuggablePromise: originalPromise };
        leaveOutPromiseStacks({}, module);
        assert.equal(await promiseStack(module), "Error");
        assert.match(new Error("wrong").stack ?? "", /promiseStacks\.test\.ts/);
    });

    it("the stack of a promise is kept for a report about leaks", async () => {
        const module = { debuggablePromise: originalPromise };
        leaveOutPromiseStacks({ PULUMI_DEBUG_PROMISE_LEAKS: "1" }, module);
        assert.match(await promiseStack(module), /debuggable\.[jt]s/);
    });

    it("Pulumi's modules call the function that leaves stacks out", async () => {
        assert.equal(await promiseStack(pulumiModule), "Error");
    });
});
