import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

type AutoscalerSpec = kubernetes.types.input.autoscaling.v2.HorizontalPodAutoscalerSpec;

/** Pods that follow the load. */
export interface Autoscaled {
    readonly mode: "auto";
    readonly minReplicas: number;
    readonly maxReplicas: number;
    /** Share of the requested CPU that pods are to use on average, in percent. */
    readonly targetCpuPercent: number;
    /** Seconds that the load must have been low before pods are taken away. */
    readonly scaleDownWindowSeconds: number;
}

/** A fixed number of pods, or one that follows the load. */
export type Scaling = { readonly mode: "fixed"; readonly replicas: number } | Autoscaled;

/** Pods that there can be at a time. */
export function mostReplicas(scaling: Scaling): number {
    return scaling.mode === "auto" ? scaling.maxReplicas : scaling.replicas;
}

/**
 * Specification of the autoscaler of a Deployment: up at once and at most twofold every 15 s, because requests are
 * waiting; down late and at most by half a minute, because the next burst is usually not far.
 *
 * Reference: https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#configurable-scaling-behavior
 */
export function autoscalerSpec(deployment: pulumi.Input<string>, scaling: Autoscaled): AutoscalerSpec {
    const { minReplicas, maxReplicas, targetCpuPercent, scaleDownWindowSeconds } = scaling;
    return {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: deployment },
        minReplicas,
        maxReplicas,
        metrics: [
            {
                type: "Resource",
                resource: {
                    name: "cpu",
                    target: { type: "Utilization", averageUtilization: targetCpuPercent },
                },
            },
        ],
        behavior: {
            scaleUp: {
                stabilizationWindowSeconds: 0,
                // Of one pod, twofold would be one more: a burst may need more than that.
                selectPolicy: "Max",
                policies: [
                    { type: "Percent", value: 100, periodSeconds: 15 },
                    { type: "Pods", value: 2, periodSeconds: 15 },
                ],
            },
            scaleDown: {
                stabilizationWindowSeconds: scaleDownWindowSeconds,
                policies: [{ type: "Percent", value: 50, periodSeconds: 60 }],
            },
        },
    };
}
