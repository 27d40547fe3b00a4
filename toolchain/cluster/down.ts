import { existsSync, rmSync } from "node:fs";
import { withLock } from "../tools/lock";
import { Progress, type Console } from "../console";
import { daemonNames } from "./daemons";
import { removeAddresses } from "./host/addresses";
import { killProcessesInPods, removeControlGroup } from "./host/controlGroups";
import { removeChains } from "./host/iptables";
import { removeSharedFiles } from "./host/leftovers";
import { unmountBelow } from "./host/mounts";
import type { Layout } from "./layout";
import { ownerOfMachine, refuseOtherOwner } from "./owner";
import { endProcess, markerVariable, stopDaemon } from "./processes";
import { processesWithEnvironment } from "./procfs";
import { requireRoot } from "./root";
import { deleteState, hasState } from "./state";

/** How long a process may take to end by itself, in milliseconds. Little is lost after that: all state goes anyway. */
const patience = 3000;

/** How long the kernel may take to end killed processes, in milliseconds. */
const killTimeout = 20_000;

async function stopProcesses(layout: Layout): Promise<void> {
    // First those that would start containers, or bring back what is being taken away.
    const first = daemonNames.filter((name) => !["etcd", "kube-apiserver", "containerd"].includes(name));
    await Promise.all(first.map((name) => stopDaemon(layout, name, patience)));
    await killProcessesInPods(killTimeout);
    await stopDaemon(layout, "containerd", patience);
    // The containers' shims, and any process whose record was lost.
    const api = ["kube-apiserver", "etcd"] as const;
    for (const name of api) {
        await stopDaemon(layout, name, patience);
    }
    const rest = processesWithEnvironment(markerVariable, layout.root);
    await Promise.all(rest.map((pid) => endProcess(pid, patience)));
    await killProcessesInPods(killTimeout);
}

async function cleanMachine(layout: Layout): Promise<void> {
    await unmountBelow(layout.run);
    await unmountBelow(layout.root);
    await removeAddresses();
    await removeChains();
    await removeControlGroup();
    removeSharedFiles(layout);
}

/**
 * True if a cluster ran here and its state directory was deleted manually, with all that it knew. Mounts keep parts of the
 * directory, and the snapshot of the machine is noted before the owner.
 */
export function stateWasDeleted(layout: Layout): boolean {
    return !existsSync(layout.hostSnapshot) && ownerOfMachine(layout) !== undefined;
}

/** Ends what a cluster without a state directory left running, and undoes what it did to the machine's network and mounts. */
export async function removeOrphanedCluster(layout: Layout): Promise<void> {
    await stopProcesses(layout);
    await cleanMachine(layout);
    deleteState(layout);
}

/**
 * Takes the embedded cluster down and deletes all it had, volumes included: afterwards the machine is as it was before
 * the first `up`. Works on a cluster in any condition, and can be repeated. Throws a `UserError` if the cluster that is
 * up has another state directory.
 */
export async function down(layout: Layout, console: Console): Promise<void> {
    requireRoot("stopping the embedded cluster");
    refuseOtherOwner(layout);
    // The owner's note outlives a state directory that was deleted manually; what the cluster did to the machine is
    // still to be undone then.
    if (!hasState(layout) && ownerOfMachine(layout) === undefined) {
        console.line("No embedded cluster is up");
        return;
    }
    const waiting = (holder: string): void => {
        console.line(`Waiting for another run of this command (process ${holder}) to end`);
    };
    await withLock(layout.lock, waiting, async () => {
        const progress = new Progress(console);
        await progress.step("Stop pods and processes", {}, () => stopProcesses(layout));
        await progress.step("Remove mounts, interfaces, rules and control groups", {}, () =>
            cleanMachine(layout),
        );
        await progress.step("Delete state", {}, () => {
            deleteState(layout);
            return Promise.resolve();
        });
    });
    for (const path of [layout.lock, `${layout.lock}.holder`]) {
        rmSync(path, { force: true });
    }
}
