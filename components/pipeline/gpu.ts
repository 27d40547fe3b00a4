import type { Pairs, Toleration } from "../core/cluster/clusterSettings";
import type { NodeChoice, Resources } from "../core/pod/pod";

/** What a trainer gets of GPUs, and the nodes that have them. */
export interface Gpu {
    /** Extended resource by which a device plugin offers GPUs, such as nvidia.com/gpu. */
    readonly resource: string;
    /** How many of the resource each trainer gets, 1 at least. */
    readonly count: number;
    /** Memory request and limit of a trainer; undefined for those of trainers without a GPU. */
    readonly memory?: string | undefined;
    readonly nodeSelector: Pairs;
    /** Taints that trainers tolerate, in addition to the one with the resource's name. */
    readonly tolerations: readonly Toleration[];
    readonly runtimeClass?: string | undefined;
}

/** Requests and limits of a trainer with a GPU. */
export function resourcesWith({ resource, count, memory }: Gpu, { requests, limits }: Resources): Resources {
    const own = memory === undefined ? {} : { memory };
    return {
        requests: { ...requests, ...own },
        limits: { ...limits, ...own },
        devices: { [resource]: String(count) },
    };
}

/**
 * The nodes of a trainer with a GPU. Nodes with GPUs usually have a taint of the resource's name, which the admission
 * controller ExtendedResourceToleration, where it is enabled, has pods tolerate as well:
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#extendedresourcetoleration
 */
export function nodesWith({ resource, nodeSelector, tolerations, runtimeClass }: Gpu): NodeChoice {
    return {
        ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
        ...(runtimeClass === undefined ? {} : { runtimeClassName: runtimeClass }),
        tolerations: [
            { key: resource, operator: "Exists", effect: "NoSchedule" },
            ...(tolerations as NonNullable<NodeChoice["tolerations"]>),
        ],
    };
}
