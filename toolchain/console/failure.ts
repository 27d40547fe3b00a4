import type { Console } from "./output";

/**
 * A failure the reader can act on: its message names the thing, the value and the fix. `runMain` prints it alone,
 * while any other error is a fault of ours and keeps its stack.
 */
export class UserError extends Error {
    override readonly name = "UserError";
}

/** Stops with one clear message. Throws `UserError`, so that `finally` blocks and locks are still released. */
export function fail(message: string, options?: ErrorOptions): never {
    throw new UserError(message, options);
}

/**
 * Runs a command's main function and turns its outcome into an exit code: 0, or 1 with the error on standard error.
 * Sets `process.exitCode` instead of exiting, so that pending output is written.
 */
export async function runMain(output: Console, main: () => Promise<void>): Promise<void> {
    try {
        await main();
    } catch (error) {
        process.exitCode = 1;
        if (error instanceof UserError) {
            output.error(error.message);
        } else {
            output.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
        }
    }
}
