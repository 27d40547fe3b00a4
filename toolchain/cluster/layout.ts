import { join } from "node:path";
import { stateDirectory } from "../tools/directories";

/** Name of the only node, and of its certificate. */
export const nodeName = "flts";

/** Name of the context in the cluster's kubeconfig. A stack is bound to it, so it must not change. */
export const contextName = "flts-embedded";

/**
 * Fixed addresses of the embedded cluster. The node's address lives on the loopback interface, so that the cluster
 * neither depends on a network nor shows itself to one; ports on it cannot clash with a server on 127.0.0.1.
 */
export const addresses = {
    node: "10.254.0.1",
    serviceRange: "10.97.0.0/16",
    apiService: "10.97.0.1",
    dnsService: "10.97.0.10",
    podRange: "10.98.0.0/16",
    clusterDomain: "cluster.local",
} as const;

/** TCP ports on the node's address; those of the control plane are Kubernetes' defaults. */
export const ports = {
    etcd: 2379,
    etcdPeer: 2380,
    apiServer: 6443,
    kubelet: 10250,
    kubeletHealth: 10248,
    proxyMetrics: 10249,
    proxyHealth: 10256,
    controllerManager: 10257,
    scheduler: 10259,
    storageProvisioner: 10270,
    networkPolicyEnforcer: 10271,
    loadBalancer: 10272,
} as const;

/** Root of every control group of the cluster's pods, so that they differ from those of any other kubelet. */
export const controlGroup = "flts";

/** Sockets and mounts of the running cluster. One fixed place: the addresses above allow one cluster a machine. */
const runDirectory = "/run/flts";

/**
 * The logs of all containers. Below /var/log, where agents that collect them look on any cluster, and beside the place of
 * other kubelets (/var/log/pods).
 */
const podLogDirectory = "/var/log/flts-pods";

/** Every file and directory of one embedded cluster, as absolute paths. */
export interface Layout {
    /** What `down` deletes, beside `podLogs`: the cluster's whole memory. */
    readonly root: string;
    readonly etcd: string;
    readonly containerd: string;
    readonly kubelet: string;
    readonly podLogs: string;
    readonly pki: string;
    readonly config: string;
    readonly logs: string;
    readonly pids: string;
    readonly volumes: string;
    readonly images: string;
    readonly network: string;
    readonly hostSnapshot: string;
    readonly kubeconfig: string;
    readonly lock: string;
    readonly run: string;
    readonly owner: string;
    readonly containerdSocket: string;
}

/** Where the cluster keeps its files: below the toolchain's state directory, which FLTS_STATE sets. */
export function clusterLayout(environment: NodeJS.ProcessEnv = process.env): Layout {
    const state = stateDirectory(environment);
    const root = join(state, "cluster");
    return {
        root,
        etcd: join(root, "etcd"),
        containerd: join(root, "containerd"),
        kubelet: join(root, "kubelet"),
        podLogs: podLogDirectory,
        pki: join(root, "pki"),
        config: join(root, "config"),
        logs: join(root, "logs"),
        pids: join(root, "pids"),
        volumes: join(root, "volumes"),
        images: join(root, "images"),
        network: join(root, "network"),
        hostSnapshot: join(root, "host-before.json"),
        kubeconfig: join(root, "admin.kubeconfig"),
        lock: join(state, "cluster.lock"),
        run: runDirectory,
        owner: join(runDirectory, "owner"),
        containerdSocket: join(runDirectory, "containerd", "containerd.sock"),
    };
}
