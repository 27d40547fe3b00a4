import type { Source } from "./store";

/** One way to get a tool. `attempt` gives the tool, or says in a few words why it cannot. */
export interface Candidate<T> {
    readonly source: Source;
    attempt(): Promise<{ readonly value: T } | { readonly refusal: string }>;
}

export interface Choice<T> {
    readonly source: Source;
    readonly value: T;
    /** Why each earlier candidate was passed over, in order. */
    readonly refusals: readonly string[];
}

/** Thrown when no candidate gives the tool. */
export class NoCandidateError extends Error {
    constructor(readonly refusals: readonly string[]) {
        super(refusals.join("; "));
    }
}

/**
 * The first candidate that gives the tool, in the given order; later ones are not tried. `restriction` leaves only the
 * candidate of that source (FLTS_TOOLS_SOURCE), for tests and for machines that must not download.
 */
export async function choose<T>(
    candidates: readonly Candidate<T>[],
    restriction?: Source,
): Promise<Choice<T>> {
    const refusals: string[] = [];
    for (const candidate of candidates) {
        if (restriction !== undefined && candidate.source !== restriction) {
            continue;
        }
        const outcome = await candidate.attempt();
        if ("value" in outcome) {
            return { source: candidate.source, value: outcome.value, refusals };
        }
        refusals.push(`${candidate.source}: ${outcome.refusal}`);
    }
    throw new NoCandidateError(refusals);
}

/** True if dotted version `found` is not older than `wanted`; a leading `v` and what follows a `-` do not count. */
export function isAtLeast(found: string, wanted: string): boolean {
    const parts = (version: string): number[] =>
        (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? "0").split(".").map(Number);
    const [left, right] = [parts(found), parts(wanted)];
    for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
        const difference = (left[index] ?? 0) - (right[index] ?? 0);
        if (difference !== 0) {
            return difference > 0;
        }
    }
    return true;
}
