import type { Affinity, Toleration } from "../../components/core/cluster/clusterSettings";
import { quantity } from "../../components/core/quantity";

/** Amounts by resource: cores, bytes, or pieces. */
export type Amounts = Readonly<Record<string, number>>;

/** What a container requests, and may use at most. */
export interface ContainerDemand {
    readonly name: string;
    readonly image: string;
    readonly requests: Amounts;
    readonly limits: Amounts;
    /** Runs before the others and ends. */
    readonly init: boolean;
}

/** The pods of one workload. */
export interface PodDemand {
    readonly kind: string;
    readonly name: string;
    /** Name of the tier, as `cluster.tiers` has it. */
    readonly tier: string;
    /** Pods that run at a time. */
    readonly pods: number;
    /** `always` for pods that stay, `sometimes` for Jobs, `each` for one on each node. */
    readonly runs: "always" | "sometimes" | "each";
    /** Whether they are in the stack's namespace; the log agents are not. */
    readonly home: boolean;
    readonly containers: readonly ContainerDemand[];
    readonly nodeSelector: Readonly<Record<string, string>>;
    readonly tolerations: readonly Toleration[];
    readonly affinity: Affinity;
    readonly priorityClass: string | undefined;
}

/** Claims of one workload. */
export interface ClaimDemand {
    /** Names of the claims in the cluster. */
    readonly names: readonly string[];
    /** Bytes of each. */
    readonly size: number;
    /** Undefined for the cluster's default. */
    readonly storageClass: string | undefined;
}

/** A kind of objects that the stack declares. */
export interface ObjectDemand {
    /** API group, empty for the core group, and its version. */
    readonly group: string;
    readonly version: string;
    /** As the API's paths have it: `networkpolicies`. */
    readonly resource: string;
    readonly name: string;
    readonly home: boolean;
    /** Verbs that are used on it beside those of every object. */
    readonly verbs: readonly string[];
    /** What a Role allows, which only who may do the same can grant. */
    readonly rules: readonly Rule[];
    /** How a Service is reached. */
    readonly serviceType: string | undefined;
    /** Class of an Ingress. */
    readonly ingressClass: string | undefined;
}

export interface Rule {
    readonly apiGroups?: readonly string[];
    readonly resources?: readonly string[];
    readonly verbs: readonly string[];
}

/** What the stack asks of the cluster. */
export interface Demands {
    readonly pods: readonly PodDemand[];
    readonly claims: readonly ClaimDemand[];
    readonly objects: readonly ObjectDemand[];
}

/** A container as workloads and charts describe it. */
export interface Container {
    readonly name: string;
    readonly image: string;
    readonly resources?: {
        readonly requests?: Readonly<Record<string, string>>;
        readonly limits?: Readonly<Record<string, string>>;
    };
}

/** A container that an override added, or changed, may have no resources. */
export function containerDemand({ name, image, resources = {} }: Container, init: boolean): ContainerDemand {
    return { name, image, init, requests: amounts(resources.requests), limits: amounts(resources.limits) };
}

export function amounts(texts: Readonly<Record<string, string>> = {}): Record<string, number> {
    return Object.fromEntries(Object.entries(texts).map(([resource, text]) => [resource, quantity(text)]));
}

/** What one pod requests: its containers run together, its init containers one after the other before them. */
export function podAmounts(
    { containers }: Pick<PodDemand, "containers">,
    of: "requests" | "limits",
): Amounts {
    const total: Record<string, number> = {};
    for (const container of containers.filter(({ init }) => !init)) {
        for (const [resource, amount] of Object.entries(container[of])) {
            total[resource] = (total[resource] ?? 0) + amount;
        }
    }
    for (const container of containers.filter(({ init }) => init)) {
        for (const [resource, amount] of Object.entries(container[of])) {
            total[resource] = Math.max(total[resource] ?? 0, amount);
        }
    }
    return total;
}
