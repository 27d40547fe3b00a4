import type * as kubernetes from "@pulumi/kubernetes";
import type { Labels } from "../labels";
import type { Connection, Peer, Server } from "../links";

type NetworkPolicySpec = kubernetes.types.input.networking.v1.NetworkPolicySpec;

/** DNS servers of pods. */
export interface DnsServers {
    readonly peers: readonly Peer[];
    /** Of the servers themselves: policies apply after a Service's port was translated. */
    readonly ports: readonly number[];
}

/** Pods that a policy of the namespace is for; without labels all of them. */
function podsWith(labels: Labels | undefined): NetworkPolicySpec["podSelector"] {
    return labels === undefined ? {} : { matchLabels: { ...labels } };
}

/**
 * Denies all traffic that no other policy allows.
 *
 * @param pods labels of the pods that it is for. Default: every pod of the namespace.
 */
export function denyAll(pods?: Labels): NetworkPolicySpec {
    return { podSelector: podsWith(pods), policyTypes: ["Ingress", "Egress"] };
}

/**
 * Name resolution: only the cluster's DNS servers, not any server on port 53.
 *
 * @param pods labels of the pods that it is for. Default: every pod of the namespace.
 */
export function allowDns({ peers, ports }: DnsServers, pods?: Labels): NetworkPolicySpec {
    return {
        podSelector: podsWith(pods),
        policyTypes: ["Egress"],
        egress: [
            {
                to: [...peers],
                ports: ports.flatMap((port) => ["UDP", "TCP"].map((protocol) => ({ protocol, port }))),
            },
        ],
    };
}

/**
 * Lets a client's pods reach the servers it has connections to.
 *
 * A server outside the namespace is allowed only by port if the program does not know its addresses.
 */
export function allowEgress(client: Labels, servers: readonly Server[]): NetworkPolicySpec {
    return {
        podSelector: { matchLabels: { ...client } },
        policyTypes: ["Egress"],
        egress: servers.map(({ serverLabels, namespace, to, ports }) => ({
            ...(serverLabels === undefined
                ? to && { to: [...to] }
                : { to: [peer(serverLabels, namespace?.name)] }),
            ports: ports.map((port) => ({ protocol: "TCP", port })),
        })),
    };
}

/**
 * Lets a server's pods be reached by one client.
 *
 * @param clientNamespace where the client is; undefined for the server's own namespace.
 */
export function allowIngress(
    client: Labels,
    server: Labels,
    ports: readonly number[],
    clientNamespace?: string,
): NetworkPolicySpec {
    return {
        podSelector: { matchLabels: { ...server } },
        policyTypes: ["Ingress"],
        ingress: [
            {
                from: [peer(client, clientNamespace)],
                ports: ports.map((port) => ({ protocol: "TCP", port })),
            },
        ],
    };
}

/**
 * Lets pods be reached from outside the cluster.
 *
 * From anywhere, because traffic to a node port carries the address of a node or of a client, neither of which a
 * pod selector can name.
 */
export function allowFromOutside(server: Labels, ports: readonly number[]): NetworkPolicySpec {
    return {
        podSelector: { matchLabels: { ...server } },
        policyTypes: ["Ingress"],
        ingress: [{ ports: ports.map((port) => ({ protocol: "TCP", port })) }],
    };
}

/** Pods of the policy's own namespace, or of another one. */
function peer(pods: Labels, namespace: string | undefined): Peer {
    return {
        podSelector: { matchLabels: { ...pods } },
        ...(namespace === undefined ? {} : { namespaceSelector: byName(namespace) }),
    };
}

/** Every namespace carries its name as a label: https://kubernetes.io/docs/reference/labels-annotations-taints/ */
function byName(namespace: string): { matchLabels: Record<string, string> } {
    return { matchLabels: { "kubernetes.io/metadata.name": namespace } };
}

/** Pods of another namespace; without labels all of them. */
export function podsOf(namespace: string, labels: Labels = {}): Peer {
    const all = Object.keys(labels).length === 0;
    return {
        namespaceSelector: byName(namespace),
        ...(all ? {} : { podSelector: { matchLabels: { ...labels } } }),
    };
}

/** All addresses in networks, IPv4 or IPv6. */
export function networks(cidrs: readonly string[]): Peer[] {
    return cidrs.map((cidr) => ({ ipBlock: { cidr } }));
}

/** Admits what is not part of the stack to pods, such as an Ingress controller. */
export function allowFrom(
    peers: readonly Peer[],
    { serverLabels, ports }: Pick<Connection, "serverLabels" | "ports">,
): NetworkPolicySpec {
    return {
        podSelector: podsWith(serverLabels),
        policyTypes: ["Ingress"],
        ingress: [{ from: [...peers], ports: ports.map((port) => ({ protocol: "TCP", port })) }],
    };
}
