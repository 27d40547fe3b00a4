import { run } from "../commands";
import { addresses } from "../layout";
import { systemTool } from "../tools";

/** Chains of the cluster: kube-proxy's and the kubelet's, the CNI plugins', and our own. */
const ownPrefixes = ["KUBE-", "CNI-", "FLTS-"] as const;

function isOwn(chain: string | undefined): boolean {
    return chain !== undefined && ownPrefixes.some((prefix) => chain.startsWith(prefix));
}

/** Names of the cluster's chains in `saved`, the output of iptables-save(8). */
export function ownChains(saved: string): string[] {
    return [...saved.matchAll(/^:(\S+) /gm)].map((match) => match[1] ?? "").filter(isOwn);
}

/** Target of a rule in iptables-save's form, or undefined if it has none. */
function target(rule: string): string | undefined {
    return /(?:^| )-[jg] (\S+)/.exec(rule)?.[1];
}

/**
 * Input for `iptables-restore --noflush` that removes the cluster's chains, and the rules elsewhere that jump to them,
 * from the tables in `saved` (the output of iptables-save), and nothing else. Empty if there is nothing to remove.
 */
export function removalOf(saved: string): string {
    return saved
        .split(/^(?=\*)/m)
        .filter((table) => table.startsWith("*"))
        .flatMap((table) => {
            const lines = table.split("\n");
            const chains = ownChains(table);
            const jumps = lines.filter(
                (line) => line.startsWith("-A ") && !isOwn(line.split(" ")[1]) && isOwn(target(line)),
            );
            return chains.length === 0 && jumps.length === 0
                ? []
                : [
                      lines[0] ?? "",
                      ...chains.map((chain) => `:${chain} - [0:0]`),
                      ...jumps.map((rule) => rule.replace(/^-A/, "-D")),
                      ...chains.map((chain) => `-X ${chain}`),
                      "COMMIT",
                      "",
                  ];
        })
        .join("\n");
}

/** Chains that the enforcer of NetworkPolicies fills (toolchain/go/internal/networkpolicy): made here, never emptied. */
const policyChains = ["FLTS-EGRESS", "FLTS-INGRESS"] as const;

/**
 * Rules that let pods out and in where the host's firewall drops by default, as far as policies allow, and give those
 * that leave the machine an address which finds its way back. What a pod begins with its node, such as with the API server,
 * is held to policies too; answers to its node, as to probes, are not. The chains are flushed and filled at once, so that this
 * can be repeated.
 */
export const podNetworkRules = `*filter
:FLTS-FORWARD - [0:0]
:FLTS-INPUT - [0:0]
-A FLTS-FORWARD ! -s ${addresses.podRange} ! -d ${addresses.podRange} -j RETURN
-A FLTS-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FLTS-FORWARD -s ${addresses.podRange} -j ${policyChains[0]}
-A FLTS-FORWARD -d ${addresses.podRange} -j ${policyChains[1]}
-A FLTS-FORWARD -j ACCEPT
-A FLTS-INPUT ! -s ${addresses.podRange} -j RETURN
-A FLTS-INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FLTS-INPUT -j ${policyChains[0]}
-A FLTS-INPUT -d ${addresses.node}/32 -j ACCEPT
COMMIT
*nat
:FLTS-POSTROUTING - [0:0]
-A FLTS-POSTROUTING -s ${addresses.podRange} ! -d ${addresses.podRange} -j MASQUERADE
COMMIT
`;

const jumps = [
    ["filter", "FORWARD", "FLTS-FORWARD"],
    ["filter", "INPUT", "FLTS-INPUT"],
    ["nat", "POSTROUTING", "FLTS-POSTROUTING"],
] as const;

/** True if all of the pod network's rules are there, in `saved`, the output of iptables-save. */
export function holdsPodNetworkRules(saved: string): boolean {
    const rules = podNetworkRules.split("\n").filter((line) => line.startsWith("-A "));
    const present = new Set(saved.split("\n"));
    return (
        rules.every((rule) => present.has(rule)) &&
        jumps.every(([, chain, own]) => present.has(`-A ${chain} -j ${own}`))
    );
}

/** As `holdsPodNetworkRules`, of the machine as it is. */
export async function hasPodNetworkRules(): Promise<boolean> {
    return holdsPodNetworkRules(await run(systemTool("iptables-save"), []));
}

/** Puts the pod network's rules in place, whatever is left of them. */
export async function ensurePodNetworkRules(): Promise<void> {
    const saved = await run(systemTool("iptables-save"), []);
    for (const chain of policyChains) {
        if (!ownChains(saved).includes(chain)) {
            await run(systemTool("iptables"), ["--wait", "--new-chain", chain]);
        }
    }
    await run(systemTool("iptables-restore"), ["--noflush", "--wait"], { input: podNetworkRules });
    for (const [table, chain, own] of jumps) {
        if (!saved.includes(`-A ${chain} -j ${own}`)) {
            await run(systemTool("iptables"), ["--wait", "--table", table, "--append", chain, "--jump", own]);
        }
    }
}

/** IPv4 and IPv6 have tables of their own; a machine may lack the latter. */
const families = ["iptables", "ip6tables"] as const;

async function save(family: (typeof families)[number]): Promise<string> {
    const program = systemTool("iptables-save").replace("iptables-save", `${family}-save`);
    try {
        return await run(program, []);
    } catch (error) {
        if (family === "ip6tables") {
            return "";
        }
        throw error;
    }
}

/** Chains with the cluster's names that are there now, in either family. */
export async function presentChains(): Promise<string[]> {
    return (await Promise.all(families.map(save))).flatMap(ownChains);
}

/** Removes all chains with the cluster's names, and every rule that leads to them. */
export async function removeChains(): Promise<void> {
    for (const family of families) {
        const removal = removalOf(await save(family));
        if (removal !== "") {
            const program = systemTool("iptables-restore").replace("iptables-restore", `${family}-restore`);
            await run(program, ["--noflush", "--wait"], { input: removal });
        }
    }
}
