import type * as kubernetes from "@pulumi/kubernetes";
import type { Recorded } from "./mocks";
import { NetworkPolicies, type Endpoint, type Pod } from "./networkPolicies";
import { containers, ofType, workloads, type Container, type Workload } from "./objects";

type ServiceSpec = kubernetes.types.output.core.v1.ServiceSpec;

/** An address on the internet. */
export const INTERNET: Endpoint = { address: "203.0.113.9" };
/** What addresses outside the stack's pods are called. */
export const OUTSIDE = "outside";
/** Ports of MinIO's chart 5.4.0. */
const CHART_PORTS = { api: 9000, console: 9001 };

/** Pods with the same name in their labels, from all workloads that make some. */
export interface Tier {
    readonly name: string;
    /** One of each kind, such as a master and a worker. */
    readonly pods: readonly Pod[];
    readonly containers: readonly Container[];
    /** Ports that its containers declare. */
    readonly ports: readonly number[];
    /** Whether a pod has a token for the Kubernetes API. */
    readonly hasToken: boolean;
}

/** Where a Service leads. */
export interface Target {
    readonly service: string;
    readonly port: number;
    readonly tier: string;
    readonly containerPort: number;
    readonly isExposed: boolean;
}

interface Metadata {
    readonly name: string;
    readonly namespace: string;
}

/** The stack's pods, by tiers; MinIO's are those that its chart makes. */
export function tiersOf(resources: readonly Recorded[]): Tier[] {
    const labelsOf = new Map(
        ofType(resources, "kubernetes:core/v1:Namespace").map(({ inputs }) => {
            const { name, labels } = inputs.metadata as Metadata & { labels: Record<string, string> };
            return [name, labels];
        }),
    );
    const podOf = (namespace: string, labels: Readonly<Record<string, string>>): Pod => ({
        namespace: {
            name: namespace,
            labels: { ...labelsOf.get(namespace), "kubernetes.io/metadata.name": namespace },
        },
        labels,
    });
    const tiers = new Map<string, Tier>();
    for (const resource of resources) {
        for (const workload of workloads([resource])) {
            const { namespace } = resource.inputs.metadata as Metadata;
            const { metadata, spec } = workload.template;
            const tier = tierOf(
                podOf(namespace, metadata.labels),
                workload,
                spec.automountServiceAccountToken,
            );
            const known = tiers.get(tier.name);
            tiers.set(tier.name, known === undefined ? tier : joined(known, tier));
        }
    }
    for (const { inputs } of ofType(resources, "kubernetes:helm.sh/v3:Release")) {
        const { namespace, values } = inputs as {
            namespace: string;
            values: { podLabels: Record<string, string> };
        };
        tiers.set("minio", {
            name: "minio",
            pods: [podOf(namespace, { ...values.podLabels, app: "minio", release: "minio" })],
            containers: [],
            ports: Object.values(CHART_PORTS),
            hasToken: false,
        });
    }
    return [...tiers.values()];
}

function tierOf(pod: Pod, workload: Workload, hasToken: boolean): Tier {
    const all = containers(workload);
    return {
        name: pod.labels["app.kubernetes.io/name"] ?? workload.name,
        pods: [pod],
        containers: all,
        ports: all.flatMap(({ ports = [] }: Partial<Container>) =>
            ports.map(({ containerPort }) => containerPort),
        ),
        hasToken,
    };
}

function joined(one: Tier, other: Tier): Tier {
    return {
        ...one,
        pods: [...one.pods, ...other.pods],
        containers: [...one.containers, ...other.containers],
        ports: [...one.ports, ...other.ports],
        hasToken: one.hasToken || other.hasToken,
    };
}

/** Where the stack's Services lead, and those of MinIO's chart. */
export function targetsOf(resources: readonly Recorded[], tiers: readonly Tier[]): Target[] {
    const own = ofType(resources, "kubernetes:core/v1:Service").flatMap(({ inputs }) => {
        const { name } = inputs.metadata as Metadata;
        const { type, selector, ports } = inputs.spec as ServiceSpec;
        const tier = tiers.find(({ pods }) =>
            pods.some(({ labels }) =>
                Object.entries(selector).every(([key, value]) => labels[key] === value),
            ),
        );
        return ports.map(({ port, targetPort }: { port: number; targetPort?: number | string }) => ({
            service: name,
            port,
            tier: tier?.name ?? "nothing",
            containerPort: portOf(tier, targetPort ?? port),
            isExposed: type === "NodePort" || type === "LoadBalancer",
        }));
    });
    const chart = ofType(resources, "kubernetes:helm.sh/v3:Release").flatMap(({ inputs }) => {
        const { consoleService } = inputs.values as { consoleService: { type: string } };
        const minio = (service: string, port: number, isExposed: boolean): Target => ({
            ...{ service, port, isExposed },
            ...{ tier: "minio", containerPort: port },
        });
        return [
            minio("minio", CHART_PORTS.api, false),
            minio("minio-console", CHART_PORTS.console, consoleService.type !== "ClusterIP"),
        ];
    });
    return [...own, ...chart];
}

function portOf(tier: Tier | undefined, target: number | string): number {
    const named = tier?.containers
        .flatMap(({ ports = [] }: Partial<Container>) => ports)
        .find(({ name }) => name === target);
    return named?.containerPort ?? Number(target);
}

/** Connections that the cluster lets pods of the stack open to others of it, as "client -> server:port". */
export function edges(resources: readonly Recorded[]): string[] {
    const policies = new NetworkPolicies(resources);
    const tiers = tiersOf(resources);
    return tiers
        .flatMap(({ name, pods }) =>
            pods.flatMap((pod) => reached(policies, pod, tiers)).map((server) => `${name} -> ${server}`),
        )
        .filter((edge, index, all) => all.indexOf(edge) === index)
        .sort();
}

/** Connections that the cluster lets pods of the stack open to the internet, as "client -> outside:port". */
export function edgesOutside(resources: readonly Recorded[]): string[] {
    const policies = new NetworkPolicies(resources);
    const ports = [22, 80, 443, ...policies.ports()];
    return tiersOf(resources)
        .flatMap(({ name, pods }) =>
            [...new Set(ports)]
                .filter((port) => pods.some((pod) => policies.admits(pod, INTERNET, port)))
                .map((port) => `${name} -> ${OUTSIDE}:${port}`),
        )
        .sort();
}

/** Ports of the stack's pods that an endpoint may connect to, as "server:port". */
export function reached(policies: NetworkPolicies, client: Endpoint, tiers: readonly Tier[]): string[] {
    return tiers
        .flatMap(({ name, pods, ports }) =>
            [...new Set([...ports, ...policies.ports()])]
                .filter((port) => pods.some((pod) => policies.admits(client, pod, port)))
                .map((port) => `${name}:${port}`),
        )
        .sort();
}
