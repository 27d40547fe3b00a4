import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Labels } from "../labels";

/**
 * Lets a drain of nodes evict one replica at a time. A tier that never has a second replica gets no budget, because there
 * would be nothing to protect.
 *
 * @param most replicas that there are, or can be under an autoscaler.
 */
export function disruptionBudget(
    name: string,
    metadata: kubernetes.types.input.meta.v1.ObjectMeta,
    labels: Labels,
    most: number,
    opts: pulumi.CustomResourceOptions,
): kubernetes.policy.v1.PodDisruptionBudget | undefined {
    return most < 2
        ? undefined
        : new kubernetes.policy.v1.PodDisruptionBudget(
              name,
              { metadata, spec: { maxUnavailable: 1, selector: { matchLabels: { ...labels } } } },
              opts,
          );
}
