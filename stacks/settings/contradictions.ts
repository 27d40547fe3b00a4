import { collectorNamespaceName } from "../../components/monitoring/logs/collectorNamespace";
import { retainingClassName } from "../../components/core/data/volumeClaim";
import { clusterContradictions } from "./clusterContradictions";
import { canaryContradictions } from "./canaryContradictions";
import { ingressContradictions } from "./ingressContradictions";
import { ownership } from "./ownership";
import { productionProblems } from "./production";
import { contradiction as problem, type Problem } from "./problems";
import { quantity } from "../../components/core/quantity";
import type { GivenSettings } from "./schema";
import { trainingContradictions } from "./trainingContradictions";
import { isTree } from "./tree";

/** GivenSettings that are each allowed and together are not. */
export function contradictions(settings: GivenSettings): Problem[] {
    return [
        ...ownership(settings),
        ...productionProblems(settings),
        ...ingressContradictions(settings),
        ...clusterContradictions(settings),
        ...scaling(settings),
        ...requestLimits(settings),
        ...loadTestSource(settings),
        ...canaryContradictions(settings),
        ...brokers(settings),
        ...tunnelPorts(settings),
        ...exposures(settings),
        ...collectorNamespace(settings),
        ...signs(settings),
        ...seriesColumn(settings),
        ...trainingContradictions(settings),
        ...resources(settings),
        ...retention(settings),
    ];
}

function requestLimits({ inference, loadBalancer }: GivenSettings): Problem[] {
    const { calls, waitingCalls, bodySeconds } = inference.limits;
    return [
        ...(waitingCalls < calls
            ? [
                  problem(
                      "inference.limits.waitingCalls",
                      waitingCalls,
                      `must not be below flts:inference.limits.calls (${calls}): the longest forecast could never be made`,
                  ),
              ]
            : []),
        ...(bodySeconds > loadBalancer.requestTimeoutSeconds
            ? [
                  problem(
                      "inference.limits.bodySeconds",
                      bodySeconds,
                      `must not be above flts:loadBalancer.requestTimeoutSeconds (${loadBalancer.requestTimeoutSeconds})`,
                  ),
              ]
            : []),
    ];
}

/** `make load-test` runs in one pod, and each of its users keeps a connection open. */
function loadTestSource({ loadTest, loadBalancer }: GivenSettings): Problem[] {
    const { connections } = loadBalancer.sourceLimits;
    return loadTest.enabled && loadTest.users > connections
        ? [
              problem(
                  "loadTest.users",
                  loadTest.users,
                  `must not be above flts:loadBalancer.sourceLimits.connections (${connections}): all come from one pod`,
              ),
          ]
        : [];
}

function signs({ dataset }: GivenSettings): Problem[] {
    const { decimal, thousands } = dataset;
    return decimal !== "auto" && decimal === thousands
        ? [problem("dataset.thousands", thousands, "is also flts:dataset.decimal; the two signs must differ")]
        : [];
}

function seriesColumn({ dataset }: GivenSettings): Problem[] {
    const { seriesColumn: column, timeColumn, targetColumn, sample } = dataset;
    if (column === undefined) {
        return [];
    }
    const other = { timeColumn, targetColumn };
    return [
        ...(sample
            ? [
                  problem(
                      "dataset.seriesColumn",
                      column,
                      "is not a column of the sample; set flts:dataset.sample to false",
                  ),
              ]
            : []),
        ...Object.entries(other).flatMap(([key, value]) =>
            value === column
                ? [problem("dataset.seriesColumn", column, `is flts:dataset.${key} too; name another column`)]
                : [],
        ),
    ];
}

function scaling({ inference }: GivenSettings): Problem[] {
    const { autoscaling, replicas } = inference;
    return [
        ...(autoscaling.enabled && replicas !== undefined
            ? [
                  problem(
                      "inference.replicas",
                      replicas,
                      "the autoscaler sets the number of pods; remove it, or set flts:inference.autoscaling.enabled to false",
                  ),
              ]
            : []),
        ...(autoscaling.minReplicas > autoscaling.maxReplicas
            ? [
                  problem(
                      "inference.autoscaling.minReplicas",
                      autoscaling.minReplicas,
                      `must not be above flts:inference.autoscaling.maxReplicas (${autoscaling.maxReplicas})`,
                  ),
              ]
            : []),
    ];
}

function brokers({ kafka }: GivenSettings): Problem[] {
    const heap = kafka.heapMegabytes * 2 ** 20;
    return [
        ...(kafka.brokers % 2 === 0
            ? [
                  problem(
                      "kafka.brokers",
                      kafka.brokers,
                      "must be odd: an even number survives no more failures than the odd one below it",
                  ),
              ]
            : []),
        ...(heap >= quantity(kafka.resources.limits.memory)
            ? [
                  problem(
                      "kafka.heapMegabytes",
                      kafka.heapMegabytes,
                      `must leave room below flts:kafka.resources.limits.memory (${kafka.resources.limits.memory})`,
                  ),
              ]
            : []),
    ];
}

function tunnelPorts({ objectStore, postgres }: GivenSettings): Problem[] {
    return [objectStore, postgres].every(({ access }) => access.mode === "tunnel") &&
        objectStore.access.localPort === postgres.access.localPort
        ? [
              problem(
                  "postgres.access.localPort",
                  postgres.access.localPort,
                  "is the port of flts:objectStore.access.localPort too; choose another",
              ),
          ]
        : [];
}

function exposures(settings: GivenSettings): Problem[] {
    const services = {
        "mlflow.service": settings.mlflow.service,
        "loadBalancer.service": settings.loadBalancer.service,
        "objectStore.console": settings.objectStore.console,
        "loadTest.service": settings.loadTest.service,
        "monitoring.service": settings.monitoring.service,
        "monitoring.grafana.service": settings.monitoring.grafana.service,
        "monitoring.logs.service": settings.monitoring.logs.service,
    };
    const taken = new Map<number, string>();
    return Object.entries(services).flatMap(([path, { type, nodePort }]) => {
        if (nodePort === undefined) {
            return [];
        }
        if (type === "ClusterIP") {
            return [
                problem(`${path}.nodePort`, nodePort, `needs flts:${path}.type NodePort or LoadBalancer`),
            ];
        }
        const owner = taken.get(nodePort);
        taken.set(nodePort, path);
        return owner === undefined
            ? []
            : [
                  problem(
                      `${path}.nodePort`,
                      nodePort,
                      `is the port of flts:${owner}.nodePort too; choose another`,
                  ),
              ];
    });
}

/** Kubernetes' limit for names of namespaces. */
const LONGEST_NAMESPACE = 63;

function collectorNamespace({ namespace: { name }, layers, monitoring }: GivenSettings): Problem[] {
    const excess = collectorNamespaceName(name).length - LONGEST_NAMESPACE;
    return layers.includes("monitoring") && monitoring.logs.enabled && excess > 0
        ? [
              problem(
                  "namespace",
                  name,
                  `is ${excess} characters too long for the log collector's namespace, ` +
                      `${collectorNamespaceName(name)}; shorten it, or set flts:monitoring.logs.enabled to false`,
              ),
          ]
        : [];
}

function retention({ volumes, storageClass, namespace }: GivenSettings): Problem[] {
    return volumes.retain && storageClass === retainingClassName(namespace.name)
        ? [
              problem(
                  "storageClass",
                  storageClass,
                  "is the class that flts:volumes.retain creates; name the class to copy",
              ),
          ]
        : [];
}

/** Requests above their limits, which Kubernetes refuses, in every group that has `resources` of its own. */
function resources(group: object, path: readonly string[] = []): Problem[] {
    return Object.entries(group).flatMap(([name, value]: [string, unknown]) => {
        if (!isTree(value)) {
            return [];
        }
        const at = [...path, name];
        return name === "resources"
            ? aboveLimits(value as GivenResources, at.join("."))
            : resources(value, at);
    });
}

type GivenResources = GivenSettings["kafka"]["resources"];

function aboveLimits({ requests, limits }: GivenResources, path: string): Problem[] {
    return (["cpu", "memory"] as const).flatMap((kind) =>
        quantity(requests[kind]) > quantity(limits[kind])
            ? [
                  problem(
                      `${path}.requests.${kind}`,
                      requests[kind],
                      `must not be above flts:${path}.limits.${kind} (${limits[kind]})`,
                  ),
              ]
            : [],
    );
}
