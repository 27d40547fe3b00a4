import { readFileSync } from "node:fs";
import { namesIn } from "./host/volatileFiles";

/** What distinguishes a process from another that later got the same number. */
export interface ProcessIdentity {
    readonly pid: number;
    /** Start time in clock ticks since boot, field 22 of /proc/<pid>/stat (proc(5)). */
    readonly startTime: string;
    /** Changes with each boot, since ticks start again then. */
    readonly bootId: string;
}

/** Text of a file of /proc, or undefined if its process is gone or belongs to another user. */
function readOrUndefined(path: string): string | undefined {
    try {
        return readFileSync(path, "utf8");
    } catch {
        return undefined;
    }
}

/** State letter and start time out of the text of /proc/<pid>/stat, whose second field may hold blanks and brackets. */
export function parseStat(text: string): { readonly state: string; readonly startTime: string } {
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", startTime: fields[19] ?? "" };
}

/** Identity of the running process `pid`, or undefined if there is none or it is a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
    const text = readOrUndefined(`/proc/${pid}/stat`);
    if (text === undefined) {
        return undefined;
    }
    const { state, startTime } = parseStat(text);
    if (state === "Z" || state === "X") {
        return undefined;
    }
    return { pid, startTime, bootId: readOrUndefined("/proc/sys/kernel/random/boot_id")?.trim() ?? "" };
}

/** True while the very process that `identity` was taken of runs. */
export function isRunning(identity: ProcessIdentity): boolean {
    const current = identify(identity.pid);
    return current?.startTime === identity.startTime && current.bootId === identity.bootId;
}

/** Numbers of all processes. */
export function processIds(): number[] {
    return namesIn("/proc")
        .filter((name) => /^\d+$/.test(name))
        .map(Number);
}

/** Processes that were started with `variable=value` in their environment, zombies left out. */
export function processesWithEnvironment(variable: string, value: string): number[] {
    const entry = `${variable}=${value}`;
    return processIds().filter(
        (pid) =>
            readOrUndefined(`/proc/${pid}/environ`)?.split("\0").includes(entry) === true &&
            identify(pid) !== undefined,
    );
}

/** Short command name of process `pid`, or undefined if it is gone. */
export function processName(pid: number): string | undefined {
    return readOrUndefined(`/proc/${pid}/comm`)?.trim();
}
