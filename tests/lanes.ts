import type { Suite } from "./suites";

/**
 * Runs every suite once: those of one lane in order, lanes side by side. A suite that names others in `after` waits for
 * them; names that are not among `suites` are not waited for.
 *
 * @returns the results in the order of `suites`.
 */
export async function runLanes<Result>(
    suites: readonly Suite[],
    run: (suite: Suite) => Promise<Result>,
): Promise<readonly Result[]> {
    const results = new Map<Suite, Promise<Result>>();
    for (const suite of suites) {
        const ended = [...results]
            .filter(([other]) => mustEndBefore(other, suite))
            .map(([, result]) => result);
        results.set(
            suite,
            Promise.all(ended).then(() => run(suite)),
        );
    }
    return Promise.all(results.values());
}

function mustEndBefore(other: Suite, suite: Suite): boolean {
    return other.lane === suite.lane || suite.after === "all" || (suite.after?.includes(other.name) ?? false);
}
