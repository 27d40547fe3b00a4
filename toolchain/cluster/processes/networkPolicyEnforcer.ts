import { join } from "node:path";
import { componentKubeconfig } from "../kubeconfig";
import { addresses, ports, type Layout } from "../layout";
import { answers } from "../probes";
import type { Daemon } from "../processes";
import { builtTool, systemTool } from "../tools";

/** Turns NetworkPolicies into firewall rules. */
export function networkPolicyEnforcer(layout: Layout): Daemon {
    const kubeconfig = join(layout.config, "network-policy-enforcer.kubeconfig");
    const health = `${addresses.node}:${ports.networkPolicyEnforcer}`;
    return {
        name: "network-policy-enforcer",
        command: builtTool("kubernetes"),
        arguments: [
            "network-policy-enforcer",
            `--kubeconfig=${kubeconfig}`,
            `--iptables-restore=${systemTool("iptables-restore")}`,
            `--health-address=${health}`,
        ],
        files: { [kubeconfig]: componentKubeconfig(layout, "network-policy-enforcer") },
        ready: policiesAreEnforced,
    };
}

/** True while the firewall's rules are what the policies say. */
export async function policiesAreEnforced(): Promise<boolean> {
    return await answers(`http://${addresses.node}:${ports.networkPolicyEnforcer}/`);
}
