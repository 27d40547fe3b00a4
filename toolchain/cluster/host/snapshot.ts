import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Layout } from "../layout";
import { namesIn, removeIfEmpty, textOf } from "./volatileFiles";

/** Kernel settings that the kubelet, kube-proxy or the CNI plugins change, in the order to restore them. */
const settings = [
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/route_localnet",
    "net/ipv6/conf/all/forwarding",
] as const;

/** Where the shims of all containerd instances listen; the place is fixed in containerd's source. */
export const shimSocketDirectory = "/run/containerd/s";

/** Directories outside the cluster's own that its programs make, and that are removed if they were not there before. */
const sharedDirectories = [
    shimSocketDirectory,
    "/run/containerd",
    "/var/lib/cni/results",
    "/var/lib/cni",
    "/var/log/containers",
    "/var/lib/kubelet/device-plugins",
    "/var/lib/kubelet",
    "/run/lock/cni",
] as const;

interface HostSnapshot {
    readonly settings: Readonly<Record<string, string>>;
    readonly directories: readonly string[];
    /** Names of sockets of shims. A version before 0.2.0 did not note them. */
    readonly shimSockets?: readonly string[];
}

const settingPath = (name: string): string => join("/proc/sys", name);

/** Notes once, before the first start, what the machine looked like. */
export function ensureHostSnapshot(layout: Layout): void {
    if (existsSync(layout.hostSnapshot)) {
        return;
    }
    const present = settings.filter((name) => existsSync(settingPath(name)));
    const snapshot: HostSnapshot = {
        settings: Object.fromEntries(
            present.map((name) => [name, readFileSync(settingPath(name), "utf8").trim()]),
        ),
        directories: sharedDirectories.filter((path) => existsSync(path)),
        shimSockets: namesIn(shimSocketDirectory),
    };
    mkdirSync(dirname(layout.hostSnapshot), { recursive: true });
    writeFileSync(layout.hostSnapshot, JSON.stringify(snapshot, null, 2));
}

function readSnapshot(layout: Layout): HostSnapshot | undefined {
    return existsSync(layout.hostSnapshot)
        ? (JSON.parse(readFileSync(layout.hostSnapshot, "utf8")) as HostSnapshot)
        : undefined;
}

/** Sockets of shims that were not there before the cluster, by name; those of others that came meanwhile too. */
export function newShimSockets(layout: Layout): readonly string[] {
    const snapshot = readSnapshot(layout);
    const before =
        snapshot?.shimSockets ??
        (snapshot?.directories.includes(shimSocketDirectory) === false ? [] : undefined);
    return before === undefined ? [] : namesIn(shimSocketDirectory).filter((name) => !before.includes(name));
}

/** Sets the machine back to what `ensureHostSnapshot` noted. Directories that others use meanwhile stay. */
export function restoreHost(layout: Layout): void {
    const snapshot = readSnapshot(layout);
    if (snapshot === undefined) {
        return;
    }
    for (const [name, value] of Object.entries(snapshot.settings)) {
        // A setting disappears with its kernel module.
        const current = textOf(settingPath(name));
        if (current !== undefined && current.trim() !== value) {
            writeFileSync(settingPath(name), value);
        }
    }
    for (const path of sharedDirectories) {
        if (!snapshot.directories.includes(path)) {
            removeIfEmpty(path);
        }
    }
}
