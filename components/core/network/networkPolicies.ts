import type * as kubernetes from "@pulumi/kubernetes";
import type { Labels } from "../labels";
import type { Connection, Server } from "../links";

type NetworkPolicyPeer = kubernetes.types.input.networking.v1.NetworkPolicyPeer;
type NetworkPolicySpec = kubernetes.types.input.networking.v1.NetworkPolicySpec;

const DNS_PORT = 53;

/** Pods that a policy of the namespace is for; without labels all of them. */
function podsWith(labels: Labels | undefined): NetworkPolicySpec["podSelector"] {
    return labels === undefined ? {} : { matchLabels: { ...labels } };
}

/**
 * Nothing in, nothing out, until another policy allows it.
 *
 * @param pods labels of the pods that it is for. Default: every pod of the namespace.
 */
export function denyAll(pods?: Labels): NetworkPolicySpec {
    return { podSelector: podsWith(pods), policyTypes: ["Ingress", "Egress"] };
}

/**
 * Name resolution: only the cluster's DNS pods, not any server on port 53.
 *
 * @param pods labels of the pods that it is for. Default: every pod of the namespace.
 */
export function allowDns(pods?: Labels): NetworkPolicySpec {
    return {
        podSelector: podsWith(pods),
        policyTypes: ["Egress"],
        egress: [
            {
                to: [
                    {
                        namespaceSelector: byName("kube-system"),
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
        egress: servers.map(({ serverLabels, namespace, ports }) => ({
            ...(serverLabels === undefined ? {} : { to: [peer(serverLabels, namespace?.name)] }),
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
function peer(pods: Labels, namespace: string | undefined): NetworkPolicyPeer {
    return {
        podSelector: { matchLabels: { ...pods } },
        ...(namespace === undefined ? {} : { namespaceSelector: byName(namespace) }),
    };
}

/** Every namespace carries its name as a label: https://kubernetes.io/docs/reference/labels-annotations-taints/ */
function byName(namespace: string): { matchLabels: Record<string, string> } {
    return { matchLabels: { "kubernetes.io/metadata.name": namespace } };
}

/** Lets a server's pods be reached by all pods of another namespace, such as the Ingress controller's. */
export function allowFromNamespace(namespace: string, connection: Connection): NetworkPolicySpec {
    return {
        podSelector: { matchLabels: { ...connection.serverLabels } },
        policyTypes: ["Ingress"],
        ingress: [
            {
                from: [{ namespaceSelector: byName(namespace) }],
                ports: connection.ports.map((port) => ({ protocol: "TCP", port })),
            },
        ],
    };
}
