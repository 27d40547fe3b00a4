import { createHash } from "node:crypto";

/** Characters of a hash that go into names: 40 bits, enough among the few jobs of one stack. */
const NAME_LENGTH = 10;

/** JSON with sorted keys, so that equal values give equal text whatever order they were written in. */
export function canonicalJson(value: unknown): string {
    return JSON.stringify(value, (_key, item: unknown) =>
        typeof item === "object" && item !== null && !Array.isArray(item)
            ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
            : item,
    );
}

/**
 * A short name for a value, equal for equal values.
 *
 * A Job's template cannot change, so a Job is named by the hash of what it does: other work is another Job.
 */
export function contentHash(value: unknown): string {
    return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, NAME_LENGTH);
}
