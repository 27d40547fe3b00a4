import { readlinkSync, realpathSync } from "node:fs";
import { daemonNames } from "./daemons";
import type { Layout } from "./layout";
import { daemonProcess, endProcess, markerVariable, type Daemon } from "./processes";
import { processesWithEnvironment } from "./procfs";

/** Milliseconds that an orphan gets to end by itself. */
const patience = 5000;

function executable(pid: number): string | undefined {
    try {
        return readlinkSync(`/proc/${pid}/exe`);
    } catch {
        return undefined;
    }
}

/**
 * Ends daemons of this cluster that no record has. A driver that was killed between starting a daemon and writing
 * its record leaves one, and it would hold the port that its successor needs. What daemons themselves start carries the
 * same mark but is another program.
 */
export async function endOrphans(layout: Layout, daemons: readonly Daemon[]): Promise<void> {
    const programs = new Set(daemons.map((daemon) => realpathSync(daemon.command)));
    const recorded = new Set(daemonNames.map((name) => daemonProcess(layout, name)));
    const orphans = processesWithEnvironment(markerVariable, layout.root).filter(
        (pid) => !recorded.has(pid) && programs.has(executable(pid) ?? ""),
    );
    await Promise.all(orphans.map((pid) => endProcess(pid, patience)));
}
