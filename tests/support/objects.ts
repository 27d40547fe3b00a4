import type * as kubernetes from "@pulumi/kubernetes";
import type { Recorded } from "./mocks";

type PodTemplate = kubernetes.types.output.core.v1.PodTemplateSpec;
export type Container = kubernetes.types.output.core.v1.Container;
export type NetworkPolicySpec = kubernetes.types.output.networking.v1.NetworkPolicySpec;

/** A workload and the pods it makes. */
export interface Workload {
    readonly name: string;
    readonly kind: string;
    readonly template: PodTemplate;
}

/** Every workload whose pods the program itself describes. */
export function workloads(resources: readonly Recorded[]): Workload[] {
    return resources.flatMap(({ type, name, inputs }) => {
        const kind = /^kubernetes:(?:apps|batch)\/v1:(Deployment|StatefulSet|DaemonSet|Job|CronJob)$/.exec(
            type,
        )?.[1];
        if (kind === undefined) {
            return [];
        }
        const { template } = (
            kind === "CronJob"
                ? (inputs.spec as { jobTemplate: { spec: object } }).jobTemplate.spec
                : inputs.spec
        ) as { template: PodTemplate };
        return [{ name, kind, template }];
    });
}

export function containers({ template }: Workload): Container[] {
    // Typed as always there, because the cluster's answer has it; an input may leave it out.
    const { initContainers } = template.spec as { initContainers?: Container[] };
    return [...(initContainers ?? []), ...template.spec.containers];
}

/** The one resource of a type and a name. */
export function one(resources: readonly Recorded[], type: string, name: string): Recorded {
    const found = resources.filter((resource) => resource.type === type && resource.name === name);
    if (found.length !== 1 || found[0] === undefined) {
        throw new Error(`${found.length} resources ${type} ${name}`);
    }
    return found[0];
}

export function ofType(resources: readonly Recorded[], type: string): Recorded[] {
    return resources.filter((resource) => resource.type === type);
}
