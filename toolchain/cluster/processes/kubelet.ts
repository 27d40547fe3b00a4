import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { componentKubeconfig } from "../kubeconfig";
import { addresses, controlGroup, nodeName, ports, type Layout } from "../layout";
import { authorityFiles, certificateFiles } from "../pki";
import { answers } from "../probes";
import type { Daemon } from "../processes";
import { builtTool } from "../tools";

/** KubeletConfiguration (kubelet.config.k8s.io/v1beta1). */
export function kubeletConfiguration(layout: Layout, resolverFile: string): object {
    const serving = certificateFiles(layout, "component-server");
    return {
        apiVersion: "kubelet.config.k8s.io/v1beta1",
        kind: "KubeletConfiguration",
        address: addresses.node,
        port: ports.kubelet,
        healthzBindAddress: addresses.node,
        healthzPort: ports.kubeletHealth,
        readOnlyPort: 0,
        tlsCertFile: serving.certificate,
        tlsPrivateKeyFile: serving.key,
        authentication: {
            anonymous: { enabled: false },
            webhook: { enabled: true },
            x509: { clientCAFile: authorityFiles(layout, "kubernetes").certificate },
        },
        authorization: { mode: "Webhook" },
        clusterDomain: addresses.clusterDomain,
        clusterDNS: [addresses.dnsService],
        resolvConf: resolverFile,
        containerRuntimeEndpoint: `unix://${layout.containerdSocket}`,
        cgroupDriver: "cgroupfs",
        cgroupRoot: `/${controlGroup}`,
        failCgroupV1: false,
        failSwapOn: false,
        podLogsDir: layout.podLogs,
        volumePluginDir: join(layout.kubelet, "volume-plugins"),
        // The machine uses the disk as well. The defaults (10 and 15 % free) would evict pods from a laptop with a
        // full disk, and images that were loaded could not be pulled again. So only an almost full disk counts.
        evictionHard: {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "1%",
            "imagefs.inodesFree": "1%",
        },
        // Who makes pods here is the machine's owner. By the default, an image that a pod pulled with a login would be
        // refused to pods without one, though it was loaded as well and may not be in any registry.
        imagePullCredentialsVerificationPolicy: "NeverVerify",
        imageGCHighThresholdPercent: 100,
        imageGCLowThresholdPercent: 99,
    };
}

/**
 * Name servers for DNS questions that leave the cluster. A resolver on the host's loopback address cannot be reached
 * from a pod; systemd-resolved keeps the real ones in a file of its own.
 */
export function hostResolverFile(): string {
    const behindSystemd = "/run/systemd/resolve/resolv.conf";
    const usual = "/etc/resolv.conf";
    return existsSync(usual) &&
        upstreamServers(readFileSync(usual, "utf8")).length === 0 &&
        existsSync(behindSystemd)
        ? behindSystemd
        : usual;
}

/** Name servers in `text` (resolv.conf(5)) that are not on a loopback address. */
export function upstreamServers(text: string): string[] {
    return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)]
        .map((match) => match[1] ?? "")
        .filter((server) => !server.startsWith("127.") && server !== "::1");
}

/** The node agent. */
export function kubelet(layout: Layout): Daemon {
    const kubeconfig = join(layout.config, "kubelet.kubeconfig");
    const configuration = join(layout.config, "kubelet.json");
    return {
        name: "kubelet",
        command: builtTool("kubernetes"),
        arguments: [
            "kubelet",
            `--config=${configuration}`,
            `--kubeconfig=${kubeconfig}`,
            `--root-dir=${layout.kubelet}`,
            `--hostname-override=${nodeName}`,
            `--node-ip=${addresses.node}`,
        ],
        files: {
            [kubeconfig]: componentKubeconfig(layout, "kubelet"),
            [configuration]: JSON.stringify(kubeletConfiguration(layout, hostResolverFile()), null, 2),
        },
        ready: () => answers(`http://${addresses.node}:${ports.kubeletHealth}/healthz`),
    };
}
