import { collectorNamespaceName } from "../../components/monitoring/logs/logCollector";
import { retainingClassName } from "../../components/core/data/volumeClaim";
import { canaryContradictions } from "./canaryContradictions";
import { ingressContradictions } from "./ingressContradictions";
import { ownership } from "./ownership";
import { productionProblems } from "./production";
import { contradiction as problem, type Problem } from "./problems";
import { quantity } from "../../components/core/quantity";
import type { Settings } from "./schema";

/** Settings that are each allowed and together are not. */
export function contradictions(settings: Settings): Problem[] {
    return [
        ...ownership(settings),
        ...productionProblems(settings),
        ...ingressContradictions(settings),
        ...scaling(settings),
        ...requestLimits(settings),
        ...loadTestSource(settings),
        ...canaryContradictions(settings),
        ...brokers(settings),
        ...access(settings),
        ...exposures(settings),
        ...collectorNamespace(settings),
        ...signs(settings),
        ...backupTarget(settings),
        ...resources(settings),
        ...retention(settings),
    ];
}

function requestLimits({ inference, loadBalancer }: Settings): Problem[] {
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

/** `make loadtest` runs in one pod, and each of its users keeps a connection open. */
function loadTestSource({ loadTest, loadBalancer }: Settings): Problem[] {
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

function signs({ dataset }: Settings): Problem[] {
    const { decimal, thousands } = dataset;
    return decimal !== "auto" && decimal === thousands
        ? [
              problem(
                  "dataset.thousands",
                  thousands,
                  "is flts:dataset.decimal as well; the two signs must differ",
              ),
          ]
        : [];
}

function scaling({ inference }: Settings): Problem[] {
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

function brokers({ kafka }: Settings): Problem[] {
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

function access({ objectStore, postgres }: Settings): Problem[] {
    const tiers = Object.entries({ objectStore, postgres });
    const direct = tiers.flatMap(([name, tier]) =>
        tier.access.mode === "direct" && tier.access.host === undefined
            ? [problem(`${name}.access.mode`, "direct", `needs flts:${name}.access.host`)]
            : [],
    );
    const clash =
        tiers.every(([, tier]) => tier.access.mode === "tunnel") &&
        objectStore.access.localPort === postgres.access.localPort
            ? [
                  problem(
                      "postgres.access.localPort",
                      postgres.access.localPort,
                      "is the port of flts:objectStore.access.localPort too; choose another",
                  ),
              ]
            : [];
    return [...direct, ...clash];
}

function exposures(settings: Settings): Problem[] {
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

function collectorNamespace({ namespace: { name }, layers, monitoring }: Settings): Problem[] {
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

/** An S3 store for the backups is known by all of these, or by none. */
function backupTarget({ backup }: Settings): Problem[] {
    const { endpoint, bucket, existingSecret } = backup.target;
    const parts = Object.entries({ endpoint, bucket, existingSecret });
    const given = parts.filter(([, value]) => value !== undefined);
    const missing = parts.filter(([, value]) => value === undefined);
    return missing.length === 0
        ? []
        : given.map(([name, value]) =>
              problem(
                  `backup.target.${name}`,
                  value,
                  `needs ${missing.map(([other]) => `flts:backup.target.${other}`).join(" and ")} beside it; ` +
                      "without any of them backups are kept on a volume of the cluster",
              ),
          );
}

function retention({ volumes, storageClass, namespace }: Settings): Problem[] {
    return volumes.retain && storageClass === retainingClassName(namespace.name)
        ? [
              problem(
                  "storageClass",
                  storageClass,
                  "is the class that flts:volumes.retain makes; name the one that it is to be like",
              ),
          ]
        : [];
}

function resources(settings: Settings): Problem[] {
    return Object.entries(settings).flatMap(([name, group]) => {
        if (typeof group !== "object" || !("resources" in group)) {
            return [];
        }
        const { requests, limits } = group.resources;
        return (["cpu", "memory"] as const).flatMap((kind) =>
            quantity(requests[kind]) > quantity(limits[kind])
                ? [
                      problem(
                          `${name}.resources.requests.${kind}`,
                          requests[kind],
                          `must not be above flts:${name}.resources.limits.${kind} (${limits[kind]})`,
                      ),
                  ]
                : [],
        );
    });
}
