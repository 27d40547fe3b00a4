import type * as pulumi from "@pulumi/pulumi";

/** Metadata as a tier makes it. */
export interface Metadata {
    readonly name: string;
    readonly namespace: pulumi.Input<string>;
    readonly labels: Record<string, string>;
    readonly annotations?: Record<string, string>;
}

/**
 * Lets an update wait until the new pods of a Deployment or StatefulSet are ready and all old ones are deleted, unless it
 * must not wait. If an autoscaler sets the number of pods, there is no number to wait for.
 *
 * Without it Pulumi's Kubernetes plugin may take the old pods for the new ones, and report an update as done before it
 * began, whatever becomes of it: it looks at the status before the change (pkg/await/deployment.go and
 * statefulset.go of v4.25.0). What it has to wait for is compared with the newest generation only:
 * https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/#pulumicomwaitfor
 */
export function waitForRollout(metadata: Metadata, replicas: number | undefined): Metadata {
    if (replicas === undefined || metadata.annotations?.["pulumi.com/skipAwait"] === "true") {
        return metadata;
    }
    const counts = ["updatedReplicas", "replicas", "availableReplicas"];
    const conditions = counts.map((count) => `jsonpath={.status.${count}}=${replicas}`);
    const annotations = { "pulumi.com/waitFor": JSON.stringify(conditions), ...metadata.annotations };
    return { ...metadata, annotations };
}
