import type { ChildProcess } from "node:child_process";
import { namesIn, textOf } from "../../toolchain/cluster/host/volatileFiles";
import { signal } from "../../toolchain/cluster/processes";

/** Process numbers of everything that a process started and that still runs, parents before their children. */
export function descendants(pid: number): readonly number[] {
    const threads = `/proc/${pid}/task`;
    const children = namesIn(threads).flatMap((thread) =>
        (textOf(`${threads}/${thread}/children`) ?? "").split(" ").filter(Boolean).map(Number),
    );
    return children.flatMap((child) => [child, ...descendants(child)]);
}

/** The command line of a process; empty for one that ended. */
export function commandLine(pid: number): string {
    return (textOf(`/proc/${pid}/cmdline`) ?? "").split("\0").join(" ").trim();
}

/** Ends processes at once. One that ended meanwhile is no error. */
export function killAll(pids: readonly number[]): void {
    for (const pid of pids) {
        signal(pid, "SIGKILL");
    }
}

/** Ends a child of this process at once, with everything that it started. */
export function killWithDescendants({ pid }: ChildProcess): void {
    if (pid !== undefined) {
        killAll([pid, ...descendants(pid)]);
    }
}
