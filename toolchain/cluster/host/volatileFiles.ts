import { readdirSync, readFileSync, readlinkSync, rmdirSync, type Dirent } from "node:fs";
import { join } from "node:path";

/**
 * Reads of places whose entries come and go while they are read: /proc, control groups, sockets, the files of daemons
 * that still run. An entry that disappeared is not an error. Every other failure is, except that a link may be hidden.
 */

/** What the kernel answers about an entry that is gone: no such file, no such process, a removed control group. */
const goneCodes: ReadonlySet<string | undefined> = new Set(["ENOENT", "ESRCH", "ENODEV"]);

/**
 * What the kernel answers about a link that the caller may not follow. In a container that includes links of processes
 * outside its user namespace, for root too (ptrace(2), PTRACE_MODE_READ).
 */
const hiddenCodes: ReadonlySet<string | undefined> = new Set(["EACCES", "EPERM"]);

function codeOf(error: unknown): string | undefined {
    return (error as NodeJS.ErrnoException).code;
}

/** The result of `read`, or undefined if what it reads is gone. */
function unlessGone<Result>(
    read: () => Result,
    codes: ReadonlySet<string | undefined> = goneCodes,
): Result | undefined {
    try {
        return read();
    } catch (error) {
        if (codes.has(codeOf(error))) {
            return undefined;
        }
        throw error;
    }
}

/** Text of a file, or undefined if it is gone. */
export function textOf(path: string): string | undefined {
    return unlessGone(() => readFileSync(path, "utf8"));
}

/** Entries of a directory, or undefined if it is gone. */
export function entriesOf(directory: string): Dirent[] | undefined {
    return unlessGone(() => readdirSync(directory, { withFileTypes: true }));
}

/** Names in a directory; none if it is gone. */
export function namesIn(directory: string): string[] {
    return entriesOf(directory)?.map(({ name }) => name) ?? [];
}

/** Target of a symbolic link, or undefined if the path is gone, is not a link, or may not be read. */
export function linkTarget(path: string): string | undefined {
    return unlessGone(() => readlinkSync(path), new Set([...goneCodes, ...hiddenCodes, "EINVAL"]));
}

/** A directory and all directories below it, children before their parents, without those that disappear meanwhile. */
export function* directoriesBelow(directory: string): Generator<string> {
    const entries = entriesOf(directory);
    if (entries === undefined) {
        return;
    }
    for (const entry of entries.filter((each) => each.isDirectory())) {
        yield* directoriesBelow(join(directory, entry.name));
    }
    yield directory;
}

/** Removes an empty directory. False while it is in use or not empty; true once it is gone, whoever removed it. */
export function removeIfEmpty(directory: string): boolean {
    try {
        rmdirSync(directory);
        return true;
    } catch (error) {
        if (goneCodes.has(codeOf(error))) {
            return true;
        }
        if (codeOf(error) === "EBUSY" || codeOf(error) === "ENOTEMPTY") {
            return false;
        }
        throw error;
    }
}
