import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Labels } from "./labels";

/**
 * Lets node maintenance take one replica at a time. A single replica gets no budget: it would block the
 * maintenance for ever.
 */
export function disruptionBudget(
    name: string,
    metadata: kubernetes.types.input.meta.v1.ObjectMeta,
    labels: Labels,
    replicas: number,
    opts: pulumi.CustomResourceOptions,
): kubernetes.policy.v1.PodDisruptionBudget | undefined {
    return replicas < 2
        ? undefined
        : new kubernetes.policy.v1.PodDisruptionBudget(
              name,
              { metadata, spec: { maxUnavailable: 1, selector: { matchLabels: { ...labels } } } },
              opts,
          );
}
