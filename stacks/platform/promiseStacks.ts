type PrepareStackTrace = (error: Error, frames: NodeJS.CallSite[]) => string;

/**
 * Pulumi keeps the stack of each promise that it makes, for its report about leaks, which only PULUMI_DEBUG_PROMISE_LEAKS shows.
 * ts-node maps these stacks to TypeScript's lines, which took half of the program's own time. So they are left out,
 * unless that variable is set; all other errors are mapped as ever.
 */
export function leaveOutPromiseStacks(environment: NodeJS.ProcessEnv = process.env): void {
    // Node.js itself has none before release 21; ts-node sets one.
    const { prepareStackTrace: mapped } = Error as { readonly prepareStackTrace?: PrepareStackTrace };
    if (mapped === undefined || environment.PULUMI_DEBUG_PROMISE_LEAKS) {
        return;
    }
    Error.prepareStackTrace = (error, frames) =>
        frames[0]?.getFileName()?.endsWith("/@pulumi/pulumi/runtime/debuggable.js") === true
            ? String(error)
            : mapped(error, frames);
}
