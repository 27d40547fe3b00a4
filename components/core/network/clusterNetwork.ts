import { outside, type Connection } from "../links";
import { networks, podsOf, type DnsServers } from "./networkPolicies";

/** Port of name servers. */
export const DNS_PORT = 53;
/** Port of the API server's Service, and of the API servers of most clouds. */
export const API_PORT = 443;

/** Where the servers of the cluster are that are not part of the stack. */
export interface ClusterNetwork {
    readonly dns: DnsServers;
    readonly apiServer: Connection;
}

/** As kubeadm and most others make it, for who may not read where they are. */
export const USUAL_NETWORK: ClusterNetwork = {
    dns: { peers: [podsOf("kube-system", { "k8s-app": "kube-dns" })], ports: [DNS_PORT] },
    apiServer: apiServerAt([API_PORT, 6443]),
};

/**
 * The API server behind its Service.
 *
 * @param cidrs its networks. Default: any, as managed control planes change their addresses between two updates of a stack.
 */
export function apiServerAt(ports: readonly number[], cidrs: readonly string[] = []): Connection {
    return { ...outside(...ports), ...(cidrs.length === 0 ? {} : { to: networks(cidrs) }) };
}

/** Every node's kubelet: https://kubernetes.io/docs/reference/networking/ports-and-protocols/ */
export const KUBELETS = outside(10250);

/** An address as a network of its own. */
export function hostNetwork(address: string): string {
    return address.includes(":") ? `${address}/128` : `${address}/32`;
}
