import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pWaitFor from "p-wait-for";
import { controlGroup } from "../layout";
import { identify } from "../procfs";
import { signal } from "../processes";
import { directoriesBelow, entriesOf, removeIfEmpty, textOf } from "./volatileFiles";

const mountPoint = "/sys/fs/cgroup";

/** Controllers that the kubelet and runc need. */
export const requiredControllers = ["cpu", "cpuset", "memory", "pids"] as const;

/** True on a machine with the unified hierarchy (cgroup v2) alone. */
function isUnified(): boolean {
    return existsSync(join(mountPoint, "cgroup.controllers"));
}

/** Controllers of `requiredControllers` that this machine does not offer. */
export function missingControllers(): string[] {
    if (isUnified()) {
        const present = readFileSync(join(mountPoint, "cgroup.controllers"), "utf8").trim().split(" ");
        return requiredControllers.filter((name) => !present.includes(name));
    }
    return requiredControllers.filter((name) => !existsSync(join(mountPoint, name, "cgroup.procs")));
}

/** Roots of all hierarchies: one with cgroup v2, one a controller with v1. */
function hierarchies(): string[] {
    if (isUnified()) {
        return [mountPoint];
    }
    return (entriesOf(mountPoint) ?? [])
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(mountPoint, entry.name))
        .filter((path) => existsSync(join(path, "cgroup.procs")));
}

/** Makes the pods' root group in every hierarchy, usable by the groups that the kubelet makes below it. */
export function ensureControlGroup(): void {
    for (const hierarchy of hierarchies()) {
        const group = join(hierarchy, controlGroup);
        mkdirSync(group, { recursive: true });
        // A cpuset of cgroup v1 starts empty, and no process can enter it until it names processors and memory.
        for (const file of ["cpuset.cpus", "cpuset.mems"]) {
            if (
                !isUnified() &&
                existsSync(join(group, file)) &&
                readFileSync(join(group, file), "utf8").trim() === ""
            ) {
                writeFileSync(join(group, file), readFileSync(join(hierarchy, file)));
            }
        }
    }
    if (isUnified()) {
        const enable = requiredControllers.map((name) => `+${name}`).join(" ");
        writeFileSync(join(mountPoint, "cgroup.subtree_control"), enable);
    }
}

/** Every group of the cluster, children before their parents. */
function groups(): string[] {
    return hierarchies().flatMap((hierarchy) => [...directoriesBelow(join(hierarchy, controlGroup))]);
}

/** Processes in the pods of the cluster. */
function processesInPods(): number[] {
    const found = groups().flatMap((group) =>
        (textOf(join(group, "cgroup.procs")) ?? "").split("\n").filter(Boolean).map(Number),
    );
    return [...new Set(found)].filter((pid) => identify(pid) !== undefined);
}

/** Kills every process in the cluster's pods and waits until they are gone. Gives up after `timeout` milliseconds. */
export async function killProcessesInPods(timeout: number): Promise<void> {
    const killed = (): boolean => {
        const running = processesInPods();
        for (const pid of running) {
            signal(pid, "SIGKILL");
        }
        return running.length === 0;
    };
    await pWaitFor(killed, {
        interval: 50,
        timeout: {
            milliseconds: timeout,
            fallback: () => {
                throw new Error(`processes of pods do not end: ${processesInPods().join(", ")}`);
            },
        },
    });
}

/** Removes the cluster's groups, which must be empty. The kernel frees them a moment after their last process ended. */
export async function removeControlGroup(): Promise<void> {
    for (const group of groups()) {
        await pWaitFor(() => removeIfEmpty(group), {
            interval: 50,
            timeout: {
                milliseconds: 2_500,
                message: `control group ${group} is still in use; see its cgroup.procs`,
            },
        });
    }
}
