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
    /** Seconds that the load must be low before pods are removed. */
    readonly scaleDownWindowSeconds: number;
}

/** A fixed number of pods, or one that follows the load. */
export type Scaling = { readonly mode: "fixed"; readonly replicas: number } | Autoscaled;

/** Pods that there can be at a time. */
export function mostReplicas(scaling: Scaling): number {
    return scaling.mode === "auto" ? scaling.maxReplicas : scaling.replicas;
}

/**
 * Specification of the autoscaler of a Deployment. It adds pods at once, at most doubling every 15 s, because requests are
 * waiting. It removes pods late, at most half of them per minute, because the next burst is usually near.
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
                // Doubling one pod adds only one: a burst may need more.
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
