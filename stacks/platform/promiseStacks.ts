import * as debuggable from "@pulumi/pulumi/runtime/debuggable";

/** Pulumi's own function, which its types leave out. */
export type DebuggablePromise = <Result>(promise: Promise<Result>, context: string) => Promise<Result>;

/**
 * Pulumi keeps the stack of each promise that it makes, for its report about leaks, which only PULUMI_DEBUG_PROMISE_LEAKS shows.
 * Taking these stacks, and mapping them to TypeScript's lines, took more than half of the program's own time. So they are left
 * out, unless that variable is set. Leaks are found as ever, and errors keep their stacks.
 *
 * @param module Pulumi's module with the function, which its other modules call through it.
 */
export function leaveOutPromiseStacks(
    environment: NodeJS.ProcessEnv = process.env,
    module: object = debuggable,
): void {
    if (environment.PULUMI_DEBUG_PROMISE_LEAKS) {
        return;
    }
    const exported = module as { debuggablePromise: DebuggablePromise };
    const { debuggablePromise } = exported;
    exported.debuggablePromise = (promise, context) => {
        const { stackTraceLimit } = Error;
        Error.stackTraceLimit = 0;
        try {
            return debuggablePromise(promise, context);
        } finally {
            Error.stackTraceLimit = stackTraceLimit;
        }
    };
}
