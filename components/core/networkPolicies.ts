import type * as kubernetes from "@pulumi/kubernetes";
import type { Labels } from "./labels";
import type { Connection, Server } from "./links";

type NetworkPolicySpec = kubernetes.types.input.networking.v1.NetworkPolicySpec;

const DNS_PORT = 53;

/** Nothing in, nothing out, for every pod of the namespace, until another policy allows it. */
export function denyAll(): NetworkPolicySpec {
    return { podSelector: {}, policyTypes: ["Ingress", "Egress"] };
}

/** Name resolution for every pod: only the cluster's DNS pods, not any server on port 53. */
export function allowDns(): NetworkPolicySpec {
    return {
        podSelector: {},
        policyTypes: ["Egress"],
        egress: [
            {
                to: [
                    {
                        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
                        podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
                    },
                ],
                ports: [
                    { protocol: "UDP", port: DNS_PORT },
                    { protocol: "TCP", port: DNS_PORT },
                ],
            },
        ],
    };
}

/**
 * Lets a client's pods reach the servers it has connections to.
 *
 * A server that is not in the namespace is let through by port alone, because its addresses are its owner's affair.
 */
export function allowEgress(client: Labels, servers: readonly Server[]): NetworkPolicySpec {
    return {
        podSelector: { matchLabels: { ...client } },
        policyTypes: ["Egress"],
        egress: servers.map(({ serverLabels, ports }) => ({
            ...(serverLabels === undefined
                ? {}
                : { to: [{ podSelector: { matchLabels: { ...serverLabels } } }] }),
            ports: ports.map((port) => ({ protocol: "TCP", port })),
        })),
    };
}

/** Lets a server's pods be reached by one client. */
export function allowIngress(client: Labels, server: Labels, ports: readonly number[]): NetworkPolicySpec {
    return {
        podSelector: { matchLabels: { ...server } },
        policyTypes: ["Ingress"],
        ingress: [
            {
                from: [{ podSelector: { matchLabels: { ...client } } }],
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

/** Lets a server's pods be reached by all pods of another namespace, such as the Ingress controller's. */
export function allowFromNamespace(namespace: string, connection: Connection): NetworkPolicySpec {
    return {
        podSelector: { matchLabels: { ...connection.serverLabels } },
        policyTypes: ["Ingress"],
        ingress: [
            {
                from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } }],
                ports: connection.ports.map((port) => ({ protocol: "TCP", port })),
            },
        ],
    };
}
