import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../console";
import { clusterPrograms } from "../tools/needs";
import { run, succeeds } from "./commands";
import { daemonNames } from "./daemons";
import { foreignRoutes, hasNodeAddress } from "./host/addresses";
import { missingControllers, requiredControllers } from "./host/controlGroups";
import { presentChains } from "./host/iptables";
import { describeProcess, listeners, ownerOf } from "./host/listeners";
import { addresses, ports, type Layout } from "./layout";
import { ownerOfMachine, refuseOtherOwner } from "./owner";
import { daemonProcess } from "./processes";
import { builtTool, networkPluginDirectory, systemTool, systemTools, type SystemTool } from "./tools";

function requirePrograms(): void {
    for (const name of Object.keys(systemTools) as SystemTool[]) {
        systemTool(name);
    }
    networkPluginDirectory();
    clusterPrograms.forEach(builtTool);
}

function requireControlGroups(): void {
    const missing = missingControllers();
    if (missing.length > 0) {
        throw new UserError(
            `the kernel offers no control groups for ${missing.join(", ")} below /sys/fs/cgroup; pods need ` +
                `${requiredControllers.join(", ")}: mount them, or enable them on the kernel's command line ` +
                "(cgroup_enable=memory)",
        );
    }
}

async function requireOverlay(layout: Layout): Promise<void> {
    if (!readFileSync("/proc/filesystems", "utf8").includes("\toverlay\n")) {
        await succeeds("modprobe", ["overlay"]);
    }
    mkdirSync(layout.root, { recursive: true });
    const draft = mkdtempSync(join(layout.root, "overlay-"));
    const [lower, upper, work, merged] = ["lower", "upper", "work", "merged"].map((name) =>
        join(draft, name),
    );
    try {
        for (const directory of [lower, upper, work, merged]) {
            mkdirSync(directory ?? "");
        }
        const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
        await run(systemTool("mount"), ["-t", "overlay", "overlay", "-o", options, merged ?? ""]);
        await run(systemTool("umount"), [merged ?? ""]);
    } catch (error) {
        throw new UserError(
            `overlayfs cannot be mounted in ${layout.root}, where images are unpacked: load the kernel module overlay, ` +
                `or set FLTS_STATE to a directory on ext4 or xfs (${error instanceof Error ? error.message : String(error)})`,
        );
    } finally {
        rmSync(draft, { recursive: true, force: true });
    }
}

function requireFreePorts(layout: Layout): void {
    const own = daemonNames.map((name) => daemonProcess(layout, name));
    const wanted: Readonly<Record<string, number>> = ports;
    for (const listener of listeners(addresses.node)) {
        const purpose = Object.keys(wanted).find((name) => wanted[name] === listener.port);
        if (purpose === undefined) {
            continue;
        }
        const owner = ownerOf(listener);
        if (owner === undefined || !own.includes(owner)) {
            throw new UserError(
                `port ${listener.port}, which the cluster needs (${purpose}), is taken by ${describeProcess(owner)}: ` +
                    "stop that process, or let it listen on an address of its own instead of all",
            );
        }
    }
}

async function requireFreeNetwork(layout: Layout): Promise<void> {
    if (ownerOfMachine(layout) !== undefined) {
        return;
    }
    const chain = (await presentChains()).find((name) => name.startsWith("KUBE-SERVICES"));
    if (chain !== undefined) {
        throw new UserError(
            `the firewall has a chain ${chain}: another Kubernetes runs on this machine, or left its rules behind. ` +
                "Deploy to that one with CONTEXT=<its context>, or stop it and remove its rules (kube-proxy --cleanup)",
        );
    }
    const [route] = (await hasNodeAddress()) ? [] : await foreignRoutes();
    if (route !== undefined) {
        throw new UserError(
            `the machine has the route "${route}", which is in a range that the cluster uses ` +
                `(${addresses.serviceRange}, ${addresses.podRange}, ${addresses.node}): remove it, or disconnect that network`,
        );
    }
}

/**
 * Checks that a cluster can run here, before anything is changed. Throws a `UserError` about the first thing in its way:
 * what it is, and what to do.
 */
export async function preflight(layout: Layout): Promise<void> {
    refuseOtherOwner(layout);
    requirePrograms();
    requireControlGroups();
    requireFreePorts(layout);
    await requireFreeNetwork(layout);
    if (!existsSync(layout.kubeconfig)) {
        await requireOverlay(layout);
    }
}
