import assert from "node:assert/strict";
import * as debuggable from "@pulumi/pulumi/runtime/debuggable";
import { leaveOutPromiseStacks } from "../../stacks/platform/promiseStacks";

/** Pulumi's own function, which its types leave out. */
type DebuggablePromise = (promise: Promise<void>, context: string) => Promise<void>;

/** The function as Pulumi has it: all tests run with the changed one. */
function original(): DebuggablePromise {
    const path = require.resolve("@pulumi/pulumi/runtime/debuggable");
    const loaded = require.cache[path];
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- loaded once more, unchanged
    delete require.cache[path];
    try {
        // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would give the loaded one
        return (require(path) as { readonly debuggablePromise: DebuggablePromise }).debuggablePromise;
    } finally {
        require.cache[path] = loaded;
    }
}

/** The stack that Pulumi keeps of a promise, and the promises that it watches then. */
async function promiseStack(environment: NodeJS.ProcessEnv): Promise<string> {
    const module = { debuggablePromise: original() };
    leaveOutPromiseStacks(environment, module);
    const promise = Promise.resolve();
    await module.debuggablePromise(promise, "a test");
    return (promise as unknown as { readonly _debugStackTrace: string })._debugStackTrace;
}

describe("the stacks of Pulumi's promises", () => {
    it("the stack of a promise is left out, and that of an error is not", async () => {
        assert.equal(await promiseStack({}), "Error");
        assert.match(new Error("wrong").stack ?? "", /promiseStacks\.test\.ts/);
    });

    it("the stack of a promise is kept for a report about leaks", async () => {
        assert.match(await promiseStack({ PULUMI_DEBUG_PROMISE_LEAKS: "1" }), /debuggable\.[jt]s/);
    });

    it("Pulumi's modules call the function that leaves stacks out", async () => {
        const promise = Promise.resolve();
        const { debuggablePromise } = debuggable as unknown as { debuggablePromise: DebuggablePromise };
        await debuggablePromise(promise, "a test");
        assert.equal((promise as unknown as { readonly _debugStackTrace: string })._debugStackTrace, "Error");
    });
});
