import { join } from "node:path";
import { componentKubeconfig } from "../kubeconfig";
import { addresses, nodeName, ports, type Layout } from "../layout";
import { answers } from "../probes";
import type { Daemon } from "../processes";
import { builtTool } from "../tools";

/** KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1). */
export function proxyConfiguration(kubeconfig: string): object {
    return {
        apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
        kind: "KubeProxyConfiguration",
        bindAddress: addresses.node,
        healthzBindAddress: `${addresses.node}:${ports.proxyHealth}`,
        metricsBindAddress: `${addresses.node}:${ports.proxyMetrics}`,
        clientConnection: { kubeconfig },
        clusterCIDR: addresses.podRange,
        detectLocalMode: "ClusterCIDR",
        hostnameOverride: nodeName,
        mode: "iptables",
        // NodePorts are for this machine only: nothing of the embedded cluster shows itself to a network.
        nodePortAddresses: ["127.0.0.0/8"],
        iptables: { localhostNodePorts: true, minSyncPeriod: "0s" },
        // 0 leaves the machine's settings as they are.
        conntrack: {
            maxPerCore: 0,
            min: 0,
            tcpEstablishedTimeout: "0s",
            tcpCloseWaitTimeout: "0s",
            udpTimeout: "0s",
            udpStreamTimeout: "0s",
        },
    };
}

/** Turns Services into iptables rules. */
export function proxy(layout: Layout): Daemon {
    const kubeconfig = join(layout.config, "proxy.kubeconfig");
    const configuration = join(layout.config, "proxy.json");
    return {
        name: "kube-proxy",
        command: builtTool("kubernetes"),
        arguments: ["kube-proxy", `--config=${configuration}`],
        files: {
            [kubeconfig]: componentKubeconfig(layout, "proxy"),
            [configuration]: JSON.stringify(proxyConfiguration(kubeconfig), null, 2),
        },
        ready: () => answers(`http://${addresses.node}:${ports.proxyHealth}/healthz`),
    };
}
