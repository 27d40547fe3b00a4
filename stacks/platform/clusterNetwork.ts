import * as pulumi from "@pulumi/pulumi";
import { findNetwork, type FoundNetwork } from "../../components/access/foundNetwork";
import {
    apiServerAt,
    USUAL_NETWORK,
    type ClusterNetwork,
} from "../../components/core/network/clusterNetwork";
import { networks, podsOf, type DnsServers } from "../../components/core/network/networkPolicies";
import type { Settings } from "../settings/parsed/settings";

/** Where DNS and the API server are: as the settings say, else as the cluster says, else as is usual. */
export async function clusterNetwork({ network }: Settings, context: string): Promise<ClusterNetwork> {
    const found = await findNetwork(context);
    if (network.dns.from === "cluster" && serversOf(found.dns) === undefined) {
        await pulumi.log.warn(
            "No DNS Service is found in kube-system or openshift-dns. Pods may ask those labelled k8s-app=kube-dns in " +
                "kube-system; where the cluster has other servers, name them with flts:network.dns.",
        );
    }
    return networkOf(network, found);
}

/** The same, for what was found in the cluster. */
export function networkOf({ dns, apiServer }: Settings["network"], found: FoundNetwork): ClusterNetwork {
    const usual = USUAL_NETWORK;
    const apiPorts = [apiServer.ports, found.apiPorts, usual.apiServer.ports].find(
        ({ length }) => length > 0,
    );
    return {
        dns: serversOf(dns.from === "given" ? dns : found.dns) ?? usual.dns,
        apiServer: apiServerAt(apiPorts ?? [], apiServer.cidrs),
    };
}

/** As policies name them; undefined where there are none. */
function serversOf({ pods, cidrs, ports }: FoundNetwork["dns"]): DnsServers | undefined {
    const peers = [...pods.map(({ namespace, labels }) => podsOf(namespace, labels)), ...networks(cidrs)];
    return peers.length === 0 ? undefined : { peers, ports };
}
