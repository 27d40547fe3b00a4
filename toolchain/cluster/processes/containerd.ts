import { readFileSync } from "node:fs";
import { join } from "node:path";
import { succeeds } from "../commands";
import { addresses, type Layout } from "../layout";
import type { Daemon } from "../processes";
import { networkPluginDirectory, systemTool } from "../tools";

/** CAP_SYS_RESOURCE of capability.h: the bit that lets a process lower its OOM score. */
const capabilitySystemResource = 24n;

/** True if `status`, the text of a /proc/<pid>/status, shows CAP_SYS_RESOURCE among the effective capabilities. */
export function maySetOutOfMemoryScore(status: string): boolean {
    const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
    return ((BigInt(`0x${effective}`) >> capabilitySystemResource) & 1n) === 1n;
}

/** Where containerd's users say which authorities registries have (containerd's docs/hosts.md). It is only read. */
export const registryHosts = "/etc/containerd/certs.d";

export interface ContainerdOptions {
    /** Image that holds pods' namespaces. */
    readonly pauseImage: string;
    readonly networkPlugins: string;
    /** False where the machine does not let root lower OOM scores; containerd then keeps its own. */
    readonly maySetOutOfMemoryScore: boolean;
}

/**
 * Configuration of containerd 1.6 and later 1.x (config version 2). Everything it writes is below the cluster's own
 * directories, beside whatever containerd the machine runs for itself.
 */
export function containerdConfiguration(layout: Layout, options: ContainerdOptions): string {
    const cri = '"io.containerd.grpc.v1.cri"';
    return `version = 2
root = "${join(layout.containerd, "root")}"
state = "${join(layout.run, "containerd")}"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]

[grpc]
  address = "${layout.containerdSocket}"

[plugins."io.containerd.internal.v1.opt"]
  path = "${join(layout.containerd, "opt")}"

[plugins.${cri}]
  sandbox_image = "${options.pauseImage}"
  restrict_oom_score_adj = ${!options.maySetOutOfMemoryScore}
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"

[plugins.${cri}.registry]
  config_path = "${registryHosts}"

[plugins.${cri}.cni]
  bin_dir = "${options.networkPlugins}"
  conf_dir = "${join(layout.config, "cni")}"

[plugins.${cri}.containerd]
  snapshotter = "overlayfs"
  default_runtime_name = "runc"

[plugins.${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins.${cri}.containerd.runtimes.runc.options]
  BinaryName = "${systemTool("runc")}"
  Root = "${join(layout.run, "runc")}"
  SystemdCgroup = false
`;
}

/**
 * The pod network: each pod has a pair of interfaces of its own and the host routes between them, so that all traffic
 * passes the host's FORWARD chain, where policies can be enforced. The address in `name` marks what CNI caches for us.
 */
function networkConfiguration(layout: Layout): object {
    return {
        cniVersion: "1.0.0",
        name: networkName,
        plugins: [
            {
                type: "ptp",
                ipMasq: false,
                ipam: {
                    type: "host-local",
                    dataDir: layout.network,
                    ranges: [[{ subnet: addresses.podRange }]],
                    routes: [{ dst: "0.0.0.0/0" }],
                },
            },
            { type: "portmap", capabilities: { portMappings: true } },
        ],
    };
}

/** Name of the pod network, with which CNI marks what it caches for it. */
export const networkName = "flts";

/** Variables that say how containerd reaches registries. */
const proxyVariables = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];

/** Runs the containers. Those it started live on while it is restarted. */
export function containerd(layout: Layout, pauseImage: string): Daemon {
    const configuration = join(layout.config, "containerd.toml");
    return {
        name: "containerd",
        command: systemTool("containerd"),
        arguments: [`--config=${configuration}`],
        environment: Object.fromEntries(
            proxyVariables.flatMap((name) => {
                const value = process.env[name];
                return value === undefined ? [] : [[name, value]];
            }),
        ),
        files: {
            [configuration]: containerdConfiguration(layout, {
                pauseImage,
                networkPlugins: networkPluginDirectory(),
                maySetOutOfMemoryScore: maySetOutOfMemoryScore(readFileSync("/proc/self/status", "utf8")),
            }),
            [join(layout.config, "cni", "10-flts.conflist")]: JSON.stringify(
                networkConfiguration(layout),
                null,
                2,
            ),
        },
        ready: () => succeeds(systemTool("ctr"), ["--address", layout.containerdSocket, "version"]),
    };
}
