import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { namesIn, textOf } from "../../toolchain/cluster/host/volatileFiles";

/** What pulumi's local backend records of a running command. */
interface Lock {
    readonly pid: number;
    readonly hostname: string;
}

/**
 * True when all locks of a stack are stale: each was taken on this machine by a process that has ended. A pulumi that
 * was killed leaves its lock.
 *
 * @param directory where the backend keeps the locks of the stack; it may not be there.
 */
export function areDead(directory: string): boolean {
    // Each lock has a file of attributes, `<name>.json.attrs`.
    const locks = namesIn(directory)
        .filter((name) => name.endsWith(".json"))
        .flatMap((name) => textOf(join(directory, name)) ?? [])
        .map((text) => JSON.parse(text) as Lock);
    return (
        locks.length > 0 &&
        locks.every((lock) => lock.hostname === hostname() && !existsSync(`/proc/${lock.pid}`))
    );
}
