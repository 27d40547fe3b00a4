import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Reads a file of /proc; empty for a process that ended meanwhile. */
function readProcess(path: string): string {
    try {
        return readFileSync(path, "utf8");
    } catch {
        return "";
    }
}

function threads(pid: number): readonly string[] {
    try {
        return readdirSync(`/proc/${pid}/task`);
    } catch {
        return [];
    }
}

/** Process numbers of everything that a process started and that still runs, parents before their children. */
export function descendants(pid: number): readonly number[] {
    const children = threads(pid).flatMap((thread) =>
        readProcess(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number),
    );
    return children.flatMap((child) => [child, ...descendants(child)]);
}

/** The command line of a process; empty for one that ended. */
export function commandLine(pid: number): string {
    return readProcess(`/proc/${pid}/cmdline`).split("\0").join(" ").trim();
}

/** Ends processes at once. One that ended meanwhile is no error. */
export function killAll(pids: readonly number[]): void {
    for (const pid of pids) {
        try {
            process.kill(pid, "SIGKILL");
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ESRCH") {
                throw error;
            }
        }
    }
}

/** Ends a child of this process at once, with everything that it started. */
export function killWithDescendants({ pid }: ChildProcess): void {
    if (pid !== undefined) {
        killAll([pid, ...descendants(pid)]);
    }
}
