import type { Platform } from "../../components/core/platform";
import { OBJECT_STORE_GRANTS } from "../../components/pipeline/contract";
import { Inference, type Scaling } from "../../components/serving/inference";
import { LoadBalancer } from "../../components/serving/loadBalancer";
import type { Settings } from "../settings/schema";
import type { Infrastructure } from "./infrastructure";

/** Slots of the load balancer when pods are scaled by hand: room for what the chart promised, 20. */
const SERVER_SLOTS = 20;

/** From a promoted model to a forecast. */
export interface Serving {
    readonly inference: Inference;
    readonly loadBalancer: LoadBalancer;
}

/** The forecast API and the load balancer before it. */
export function deployServing(
    settings: Settings,
    platform: Platform,
    { kafka, topics, objectStore, mlflow }: Infrastructure,
): Serving {
    const scaling = scalingOf(settings);
    const inference = new Inference("inference", {
        platform,
        kafka: kafka.connection,
        objectStore: objectStore.connection("inference", OBJECT_STORE_GRANTS.inference),
        mlflow: mlflow.connection,
        scaling,
        resources: settings.inference.resources,
        topics: topics.job,
    });
    const most = scaling.mode === "auto" ? scaling.maxReplicas : scaling.replicas;
    const loadBalancer = new LoadBalancer("inference-lb", {
        platform,
        inference,
        // One more than there are pods: a rollout adds one before it takes one.
        maximumServers: Math.max(SERVER_SLOTS, most + 1),
        ...settings.loadBalancer,
    });
    return { inference, loadBalancer };
}

function scalingOf({ inference }: Settings): Scaling {
    const { autoscaling, replicas } = inference;
    return autoscaling.enabled
        ? {
              mode: "auto",
              minReplicas: autoscaling.minReplicas,
              maxReplicas: autoscaling.maxReplicas,
              targetCpuPercent: autoscaling.targetCpuPercent,
          }
        : { mode: "fixed", replicas: replicas ?? 1 };
}
