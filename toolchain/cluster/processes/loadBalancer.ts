import { join } from "node:path";
import { componentKubeconfig } from "../kubeconfig";
import { addresses, ports, type Layout } from "../layout";
import { answers } from "../probes";
import type { Daemon } from "../processes";
import { builtTool } from "../tools";

/** Gives Services of type LoadBalancer the node's address, at which kube-proxy serves them. */
export function loadBalancer(layout: Layout): Daemon {
    const kubeconfig = join(layout.config, "load-balancer.kubeconfig");
    const health = `${addresses.node}:${ports.loadBalancer}`;
    return {
        name: "load-balancer",
        command: builtTool("kubernetes"),
        arguments: [
            "load-balancer",
            `--kubeconfig=${kubeconfig}`,
            `--address=${addresses.node}`,
            `--health-address=${health}`,
        ],
        files: { [kubeconfig]: componentKubeconfig(layout, "load-balancer") },
        ready: () => answers(`http://${health}/`),
    };
}
