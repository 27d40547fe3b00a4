import type { V1Service } from "@kubernetes/client-node" with { "resolution-mode": "import" };
import { API_PORT, DNS_PORT, hostNetwork } from "../core/network/clusterNetwork";
import type { Labels } from "../core/labels";
import { explained } from "./apiReason";
import { loadCluster, type Cluster } from "./cluster";
import { readable } from "./readable";

/** Where the cluster's own servers are, as far as it says so. */
export interface FoundNetwork {
    readonly dns: {
        /** Pods that answer, by namespace and labels. */
        readonly pods: readonly { readonly namespace: string; readonly labels: Labels }[];
        /** Addresses that pods ask or that answer and that no labels select. */
        readonly cidrs: readonly string[];
        readonly ports: readonly number[];
    };
    /** Empty where they cannot be read. */
    readonly apiPorts: readonly number[];
}

/** A cluster that says nothing. */
export const NOTHING_FOUND: FoundNetwork = { dns: { pods: [], cidrs: [], ports: [] }, apiPorts: [] };

/** Where DNS Services are: in Kubernetes and its relatives, and in OpenShift, whose servers listen on another port. */
const DNS_SERVICES = [
    { namespace: "kube-system", labelSelector: "k8s-app in (kube-dns, coredns)" },
    { namespace: "openshift-dns" },
];
/** NodeLocal DNSCache: https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/ */
const NODE_LOCAL = { name: "node-local-dns", namespace: "kube-system" };
const NODE_LOCAL_ADDRESS = "169.254.20.10";

/** What this machine's user may read of where DNS and the API server are. */
export async function findNetwork(context: string): Promise<FoundNetwork> {
    const cluster = await loadCluster(context);
    const [services, nodeLocal, apiPorts] = await explained(
        "where DNS and the API server are cannot be read",
        () =>
            Promise.all([
                Promise.all(DNS_SERVICES.map((place) => dnsServices(cluster, place))),
                nodeLocalAddresses(cluster),
                endpointPorts(cluster, "default", "kubernetes", () => true),
            ]),
    );
    const found = services.flat();
    const labels = { "k8s-app": NODE_LOCAL.name };
    return {
        dns: {
            pods: [
                ...found.flatMap(({ pods }) => pods),
                ...(nodeLocal.length === 0 ? [] : [{ namespace: NODE_LOCAL.namespace, labels }]),
            ],
            cidrs: unique([...found.flatMap(({ cidrs }) => cidrs), ...nodeLocal.map(hostNetwork)]),
            ports: unique([DNS_PORT, ...found.flatMap(({ ports }) => ports)]),
        },
        apiPorts: apiPorts.length === 0 ? [] : unique([API_PORT, ...apiPorts]),
    };
}

async function dnsServices(
    cluster: Cluster,
    place: { readonly namespace: string; readonly labelSelector?: string },
): Promise<FoundNetwork["dns"][]> {
    const api = cluster.config.makeApiClient(cluster.client.CoreV1Api);
    const services = await readable(cluster, () => api.listNamespacedService(place));
    const answering = (services?.items ?? []).filter((service) => dnsPorts(service).length > 0);
    return Promise.all(answering.map((service) => dnsService(cluster, place.namespace, service)));
}

function dnsPorts({ spec }: V1Service): NonNullable<NonNullable<V1Service["spec"]>["ports"]> {
    return (spec?.ports ?? []).filter(({ port }) => port === DNS_PORT);
}

async function dnsService(
    cluster: Cluster,
    namespace: string,
    service: V1Service,
): Promise<FoundNetwork["dns"]> {
    const names = dnsPorts(service).map(({ name }) => name ?? "");
    const ports = await endpointPorts(cluster, namespace, service.metadata?.name ?? "", (name) =>
        names.includes(name),
    );
    const labels = service.spec?.selector ?? {};
    const selected = Object.keys(labels).length > 0;
    // Network plugins that look before a Service's address is translated, and NodeLocal DNSCache, which takes it over.
    const own = (service.spec?.clusterIPs ?? []).filter((address) => address !== "None");
    const onNodes = selected
        ? await hostNetworkAddresses(cluster, namespace, labels)
        : await endpointAddresses(cluster, namespace, service.metadata?.name ?? "");
    return {
        pods: selected ? [{ namespace, labels }] : [],
        cidrs: [...own, ...onNodes].map(hostNetwork),
        ports,
    };
}

/** Addresses of pods on their nodes' networks, which no labels select. */
async function hostNetworkAddresses(cluster: Cluster, namespace: string, labels: Labels): Promise<string[]> {
    const api = cluster.config.makeApiClient(cluster.client.CoreV1Api);
    const labelSelector = Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(",");
    const pods = await readable(cluster, () => api.listNamespacedPod({ namespace, labelSelector }));
    return (pods?.items ?? [])
        .filter(({ spec }) => spec?.hostNetwork === true)
        .flatMap(({ status }) => (status?.podIPs ?? []).map(({ ip }) => ip));
}

async function nodeLocalAddresses(cluster: Cluster): Promise<string[]> {
    const api = cluster.config.makeApiClient(cluster.client.AppsV1Api);
    const agents = await readable(cluster, () => api.readNamespacedDaemonSet(NODE_LOCAL));
    if (agents === undefined) {
        return [];
    }
    const parameters = agents.spec?.template.spec?.containers.flatMap(({ command, args }) => [
        ...(command ?? []),
        ...(args ?? []),
    ]);
    const addresses = (parameters ?? []).flatMap((each, index, all) =>
        /^--?localip$/.test(all[index - 1] ?? "") ? each.split(",") : [],
    );
    return addresses.length === 0 ? [NODE_LOCAL_ADDRESS] : addresses;
}

async function endpointSlices(cluster: Cluster, namespace: string, service: string) {
    const api = cluster.config.makeApiClient(cluster.client.DiscoveryV1Api);
    const labelSelector = `kubernetes.io/service-name=${service}`;
    const slices = await readable(cluster, () =>
        api.listNamespacedEndpointSlice({ namespace, labelSelector }),
    );
    return slices?.items ?? [];
}

async function endpointPorts(
    cluster: Cluster,
    namespace: string,
    service: string,
    chosen: (name: string) => boolean,
): Promise<number[]> {
    const slices = await endpointSlices(cluster, namespace, service);
    return slices
        .flatMap(({ ports }) => ports ?? [])
        .flatMap(({ name, port }) => (port !== undefined && chosen(name ?? "") ? [port] : []));
}

async function endpointAddresses(cluster: Cluster, namespace: string, service: string): Promise<string[]> {
    const slices = await endpointSlices(cluster, namespace, service);
    return slices.flatMap(({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses));
}

function unique<Value>(values: readonly Value[]): Value[] {
    return [...new Set(values)];
}
