import { apiServer } from "./processes/apiServer";
import { containerd } from "./processes/containerd";
import { controllerManager } from "./processes/controllerManager";
import { etcd } from "./processes/etcd";
import { kubelet } from "./processes/kubelet";
import { loadBalancer } from "./processes/loadBalancer";
import { networkPolicyEnforcer } from "./processes/networkPolicyEnforcer";
import { proxy } from "./processes/proxy";
import { scheduler } from "./processes/scheduler";
import { storageProvisioner } from "./processes/storageProvisioner";
import type { Layout } from "./layout";
import type { Daemon } from "./processes";

/** Names of all processes of the cluster, in the order in which they need each other. */
export const daemonNames = [
    "etcd",
    "containerd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "storage-provisioner",
    "network-policy-enforcer",
    "load-balancer",
] as const;
export type DaemonName = (typeof daemonNames)[number];

/** How each process of the cluster has to run. Throws a `UserError` if one of their programs is missing. */
export function describeDaemons(layout: Layout, pauseImage: string): Readonly<Record<DaemonName, Daemon>> {
    return {
        etcd: etcd(layout),
        containerd: containerd(layout, pauseImage),
        "kube-apiserver": apiServer(layout),
        "kube-controller-manager": controllerManager(layout),
        "kube-scheduler": scheduler(layout),
        kubelet: kubelet(layout),
        "kube-proxy": proxy(layout),
        "storage-provisioner": storageProvisioner(layout),
        "network-policy-enforcer": networkPolicyEnforcer(layout),
        "load-balancer": loadBalancer(layout),
    };
}
