/**
 * Pulumi keeps the stack of each promise that it makes, for a report about leaks that no test reads. Mapping these stacks to
 * TypeScript's lines took more than half the time of a program under mocks, so they are left out. All other errors are mapped
 * by ts-node as ever.
 */
type PrepareStackTrace = (error: Error, frames: NodeJS.CallSite[]) => string;

const mapped = Error.prepareStackTrace.bind(Error) as PrepareStackTrace;

Error.prepareStackTrace = (error, frames) =>
    frames[0]?.getFileName()?.endsWith("/@pulumi/pulumi/runtime/debuggable.js") === true
        ? String(error)
        : mapped(error, frames);
