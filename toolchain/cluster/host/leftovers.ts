import { rmSync } from "node:fs";
import { join } from "node:path";
import { networkName } from "../processes/containerd";
import type { Layout } from "../layout";
import { newShimSockets, shimSocketDirectory } from "./snapshot";
import { linkTarget, namesIn, textOf } from "./volatileFiles";

/** Where libcni caches the results of every network of the machine; containerd 1.x offers no other place. */
const networkCache = "/var/lib/cni/results";

/** Where the kubelet links to containers' logs under names that hold the pod's; the place is fixed in its source. */
const containerLogLinks = "/var/log/containers";

/**
 * The files of the pod network among `names` in libcni's cache, `<network>-<container>-<interface>`; the loopback
 * network's are ours when they belong to a container of ours.
 */
export function ownCacheFiles(names: readonly string[]): string[] {
    const own = names.filter((name) => name.startsWith(`${networkName}-`));
    const containers = own.map((name) => name.slice(networkName.length + 1).replace(/-[^-]+$/, ""));
    return [
        ...own,
        ...names.filter((name) => containers.some((container) => name === `cni-loopback-${container}-lo`)),
    ];
}

/** Sockets of the cluster's container shims, as containerd noted them. */
function shimSockets(layout: Layout): string[] {
    const bundles = join(layout.run, "containerd", "io.containerd.runtime.v2.task", "k8s.io");
    return namesIn(bundles)
        .flatMap((bundle) => textOf(join(bundles, bundle, "address")) ?? [])
        .map((address) => address.trim().replace(/^unix:\/\//, ""))
        .filter((path) => path.startsWith(`${shimSocketDirectory}/`));
}

/**
 * Sockets in `directory` at which nobody listens any more, according to `unixSockets` (the text of /proc/net/unix). A
 * shim that was killed leaves its socket, and containerd then forgets where it was.
 */
export function deadSockets(directory: string, names: readonly string[], unixSockets: string): string[] {
    const alive = new Set(unixSockets.split("\n").map((line) => line.trim().split(/\s+/)[7]));
    return names.map((name) => join(directory, name)).filter((path) => !alive.has(path));
}

/** Deletes what the cluster's programs leave in directories that they share with others. */
export function removeSharedFiles(layout: Layout): void {
    const unixSockets = textOf("/proc/net/unix");
    // A dead socket of another containerd that came meanwhile is no loss: nothing can listen at it again.
    const orphans =
        unixSockets === undefined
            ? []
            : deadSockets(shimSocketDirectory, newShimSockets(layout), unixSockets);
    for (const path of [...shimSockets(layout), ...orphans]) {
        rmSync(path, { force: true });
    }
    for (const name of ownCacheFiles(namesIn(networkCache))) {
        rmSync(join(networkCache, name), { force: true });
    }
    for (const name of namesIn(containerLogLinks)) {
        const link = join(containerLogLinks, name);
        // Below the state's root in clusters that an older version of this project started.
        const target = linkTarget(link);
        if ([layout.podLogs, layout.root].some((own) => target?.startsWith(`${own}/`) === true)) {
            rmSync(link, { force: true });
        }
    }
}
