import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
    closeSync,
    existsSync,
    mkdirSync,
    openSync,
    readFileSync,
    renameSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import pWaitFor from "p-wait-for";
import type { Layout } from "./layout";
import { identify, isRunning, type ProcessIdentity } from "./procfs";
import { systemPath } from "./tools";

/** Marks every process of a cluster with its root directory; container shims inherit it from containerd. */
export const markerVariable = "FLTS_CLUSTER";

/** A long-running program of the cluster and all that decides how it runs. */
export interface Daemon {
    readonly name: string;
    readonly command: string;
    readonly arguments: readonly string[];
    /** Added to the minimal environment that every daemon gets. */
    readonly environment?: Readonly<Record<string, string>>;
    /** Configuration files to write before the start: path to content. */
    readonly files?: Readonly<Record<string, string>>;
    /** True once it serves. Must not throw, and answer within about a second. */
    ready(): Promise<boolean>;
}

interface DaemonRecord extends ProcessIdentity {
    readonly digest: string;
}

/** Logs above this many bytes are set aside at the next start of their daemon; one older log is kept. */
const maximumLogSize = 20_000_000;

export function logPath(layout: Layout, name: string): string {
    return join(layout.logs, `${name}.log`);
}

function recordPath(layout: Layout, name: string): string {
    return join(layout.pids, `${name}.json`);
}

function readRecord(layout: Layout, name: string): DaemonRecord | undefined {
    try {
        return JSON.parse(readFileSync(recordPath(layout, name), "utf8")) as DaemonRecord;
    } catch {
        return undefined;
    }
}

/** Changes whenever the daemon must be restarted: other program, arguments or configuration. */
function daemonDigest(daemon: Daemon): string {
    const program = statSync(daemon.command);
    return createHash("sha256")
        .update(
            JSON.stringify([
                daemon.command,
                program.size,
                program.mtimeMs,
                daemon.arguments,
                Object.entries(daemon.files ?? {}),
            ]),
        )
        .digest("hex");
}

/** Process number of a running daemon, or undefined if it does not run. */
export function daemonProcess(layout: Layout, name: string): number | undefined {
    const record = readRecord(layout, name);
    return record !== undefined && isRunning(record) ? record.pid : undefined;
}

/** True if the daemon runs, and runs as `daemon` describes it. */
export function isCurrent(layout: Layout, daemon: Daemon): boolean {
    const record = readRecord(layout, daemon.name);
    return record !== undefined && isRunning(record) && record.digest === daemonDigest(daemon);
}

function openLog(layout: Layout, name: string): number {
    const path = logPath(layout, name);
    mkdirSync(layout.logs, { recursive: true });
    if (existsSync(path) && statSync(path).size > maximumLogSize) {
        renameSync(path, `${path}.old`);
    }
    return openSync(path, "a", 0o600);
}

/** Starts the daemon in a session of its own, so that it outlives the driver and a Ctrl-C meant for it. */
function startDaemon(layout: Layout, daemon: Daemon): void {
    for (const [path, content] of Object.entries(daemon.files ?? {})) {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, content, { mode: 0o600 });
    }
    const log = openLog(layout, daemon.name);
    try {
        const child = spawn(daemon.command, daemon.arguments, {
            detached: true,
            stdio: ["ignore", log, log],
            cwd: "/",
            env: { PATH: systemPath, HOME: "/root", [markerVariable]: layout.root, ...daemon.environment },
        });
        // Without a listener a failed spawn would end the driver; the missing process number below reports it.
        child.on("error", () => undefined);
        const identity = child.pid === undefined ? undefined : identify(child.pid);
        if (identity === undefined) {
            throw new Error(`${daemon.name} did not start: ${daemon.command} cannot be run`);
        }
        child.unref();
        mkdirSync(layout.pids, { recursive: true });
        const record: DaemonRecord = { ...identity, digest: daemonDigest(daemon) };
        writeFileSync(recordPath(layout, daemon.name), JSON.stringify(record));
    } finally {
        closeSync(log);
    }
}

/** Makes sure that the daemon runs as described; starts or restarts it if not. Returns true if it had to. */
export async function ensureDaemon(layout: Layout, daemon: Daemon): Promise<boolean> {
    if (isCurrent(layout, daemon)) {
        return false;
    }
    await stopDaemon(layout, daemon.name);
    startDaemon(layout, daemon);
    return true;
}

/**
 * Waits until the daemon serves. Throws an error with the end of its log if it stops before that, or takes longer than
 * `timeout` milliseconds.
 */
export async function waitUntilReady(layout: Layout, daemon: Daemon, timeout = 60_000): Promise<void> {
    const fail = (reason: string): never => {
        const path = logPath(layout, daemon.name);
        throw new Error(
            `${daemon.name} ${reason}. The end of its log:\n${lastLines(path)}\nThe whole log: ${path}`,
        );
    };
    const isReady = async (): Promise<boolean> => {
        if (await daemon.ready()) {
            return true;
        }
        return daemonProcess(layout, daemon.name) === undefined && fail("stopped while it was starting");
    };
    await pWaitFor(isReady, {
        interval: 100,
        timeout: { milliseconds: timeout, fallback: () => fail(`is not ready after ${timeout / 1000} s`) },
    });
}

function lastLines(path: string): string {
    try {
        return readFileSync(path, "utf8").trimEnd().split("\n").slice(-5).join("\n");
    } catch {
        return "(no log)";
    }
}

/** Ends a process by SIGTERM, and by SIGKILL if it still runs after `patience` milliseconds. */
export async function endProcess(pid: number, patience: number): Promise<void> {
    const identity = identify(pid);
    if (identity === undefined) {
        return;
    }
    signal(pid, "SIGTERM");
    const ended = (): boolean => !isRunning(identity);
    const kill = (): void => {
        signal(pid, "SIGKILL");
    };
    await pWaitFor(ended, { timeout: { milliseconds: patience, fallback: kill } });
    await pWaitFor(ended);
}

/** Sends a signal; a process that ended meanwhile is not an error. */
export function signal(pid: number, name: NodeJS.Signals): void {
    try {
        process.kill(pid, name);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") {
            throw error;
        }
    }
}

/** Stops a daemon, if it runs, and forgets it. `patience` is as in `endProcess`. */
export async function stopDaemon(layout: Layout, name: string, patience = 5000): Promise<void> {
    const pid = daemonProcess(layout, name);
    if (pid !== undefined) {
        await endProcess(pid, patience);
    }
    rmSync(recordPath(layout, name), { force: true });
}
