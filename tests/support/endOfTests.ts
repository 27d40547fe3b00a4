import { commandLine, descendants, killAll } from "./descendants";

/** Longer than any server takes to stop when a test asks it to. */
const GRACE_MILLISECONDS = 60_000;

/**
 * Ends this process some time after its tests, with their result. A server that does not stop when its test asks it to
 * keeps the process, and a run of all suites, waiting for as long as it likes. What still ran is printed and killed.
 */
export function endAfterTests(graceMilliseconds = GRACE_MILLISECONDS): void {
    const timer = setTimeout(() => {
        const left = descendants(process.pid);
        const what = [...left.map(commandLine), ...process.getActiveResourcesInfo()];
        console.error(
            `The tests ended ${graceMilliseconds / 1000} s ago, and this still ran:\n  ${what.join("\n  ")}`,
        );
        killAll(left);
        process.exit();
    }, graceMilliseconds);
    // A process without anything left ends at once.
    timer.unref();
}

/** Read by mocha: runs after every test of the process. */
export const mochaHooks = {
    afterAll(): void {
        endAfterTests();
    },
};
