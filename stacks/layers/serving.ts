import { reachableFromOutside } from "../../components/core/network/exposure";
import type { MetricsEndpoint } from "../../components/core/links";
import type { Platform } from "../../components/core/platform";
import { LOG_COMPACTION_NAME, OBJECT_STORE_GRANTS } from "../../components/contract";
import { mostReplicas } from "../../components/serving/autoscaling";
import { METRICS_PORT } from "../../components/serving/haproxyConfig";
import { Inference, INFERENCE_PORT } from "../../components/serving/inference";
import { LogCompaction } from "../../components/serving/logCompaction";
import { LoadBalancer } from "../../components/serving/loadBalancer";
import { quantity } from "../../components/core/quantity";
import type { Settings } from "../settings/parsed/settings";
import type { Infrastructure } from "./providedInfrastructure";

/** Slots of the load balancer when pods are scaled manually: room for what the chart promised, 20. */
const SERVER_SLOTS = 20;

/** From a promoted model to a forecast. */
export interface Serving {
    /** The version that follows every promotion. */
    readonly inference: Inference;
    readonly canary: Inference | undefined;
    readonly loadBalancer: LoadBalancer;
    /** Where they expose their metrics. */
    readonly metrics: readonly MetricsEndpoint[];
}

/** The forecast API and the load balancer before it; undefined when another stack has them. */
export function deployServing(
    settings: Settings,
    platform: Platform,
    { kafka, objectStore }: Infrastructure,
): Serving | undefined {
    if (!settings.layers.includes("serving")) {
        return undefined;
    }
    const { scaling } = settings.inference;
    const shared = {
        platform,
        kafka: kafka.connection("inference"),
        objectStore: objectStore.connection("inference", OBJECT_STORE_GRANTS.inference),
        defaultSeries: settings.inference.defaultSeries,
        modelsInMemory: settings.inference.modelsInMemory,
        scaling,
        page: settings.inference.page,
        limits: settings.inference.limits,
        irregularRows: settings.inference.irregularRows,
        resources: settings.inference.resources,
    };
    const inference = new Inference("inference", shared);
    const canary = settings.canary && {
        inference: new Inference("inference-canary", { ...shared, version: settings.canary.version }),
        weight: settings.canary.weight,
    };
    const loadBalancer = new LoadBalancer("inference-lb", {
        platform,
        stable: inference,
        canary,
        // One more than there are pods: a rollout adds one before it takes one.
        maximumServers: Math.max(SERVER_SLOTS, mostReplicas(scaling) + 1),
        threads: Math.ceil(quantity(settings.loadBalancer.resources.limits.cpu)),
        ...settings.loadBalancer,
        bodySeconds: settings.inference.limits.bodySeconds,
        trustedProxies: trustedProxies(settings),
    });
    new LogCompaction(LOG_COMPACTION_NAME, {
        platform,
        objectStore: objectStore.connection(LOG_COMPACTION_NAME, OBJECT_STORE_GRANTS[LOG_COMPACTION_NAME]),
    });
    const versions = [inference, ...(canary === undefined ? [] : [canary.inference])];
    return {
        inference,
        canary: canary?.inference,
        loadBalancer,
        metrics: [
            ...versions.map((version) => version.metricsAt(INFERENCE_PORT)),
            loadBalancer.metricsAt(METRICS_PORT),
        ],
    };
}

/**
 * Behind an Ingress every connection is the controller's. Where nothing else reaches the Service from outside, whoever
 * the network policies admit may name the source.
 */
function trustedProxies({ ingress, loadBalancer }: Settings): readonly string[] {
    const behindIngress = ingress.enabled && !reachableFromOutside(loadBalancer.service);
    return loadBalancer.trustedProxies ?? (behindIngress ? ["0.0.0.0/0", "::/0"] : []);
}
