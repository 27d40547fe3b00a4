import { exceeds, shown, sizeSetting, sum } from "./amounts";
import { podAmounts, type Amounts, type ContainerDemand, type Demands, type PodDemand } from "./demands";
import type { LimitFacts, NamespaceFacts, PodFacts, QuotaFacts } from "./facts";
import { error, unchecked, whenKnown, type Finding, type Known } from "./finding";

/** The stack as a quota counts it. */
interface Stack {
    readonly namespace: string;
    readonly instance: string;
    readonly demands: Demands;
}

/** What the namespace's quotas and limits have against the stack. */
export function quotaFindings(
    namespace: NamespaceFacts,
    pods: Known<readonly PodFacts[]>,
    stack: Stack,
): readonly Finding[] {
    return [
        ...whenKnown(`ResourceQuotas of the namespace ${stack.namespace}`, namespace.quotas, (quotas) =>
            quotas.flatMap((quota) => findingsOf(quota, namespace, pods, stack)),
        ),
        ...whenKnown(`LimitRanges of the namespace ${stack.namespace}`, namespace.limits, (limits) =>
            limits.flatMap((limit) => limitFindings(limit, stack)),
        ),
    ];
}

function findingsOf(
    quota: QuotaFacts,
    namespace: NamespaceFacts,
    pods: Known<readonly PodFacts[]>,
    stack: Stack,
): readonly Finding[] {
    if (!pods.known) {
        return [unchecked(`ResourceQuota ${quota.name} of the namespace ${stack.namespace}`, pods.reason)];
    }
    const counted = stack.demands.pods.filter(
        ({ home, runs, priorityClass }) => home && runs !== "each" && countsPods(quota, priorityClass),
    );
    const own = pods.value.filter(
        ({ namespace: place, instance, priorityClass }) =>
            place === stack.namespace && instance === stack.instance && countsPods(quota, priorityClass),
    );
    const needed = neededPods(counted);
    const running = podTotals(own.map(({ requests, limits }) => ({ requests, limits, pods: 1 })));
    const objects = neededObjects(stack.demands, namespace);
    return Object.entries(quota.hard).flatMap(([resource, hard]) => {
        const key = resource.replace(/^count\/(pods|services|persistentvolumeclaims)$/, "$1");
        const used = quota.used[resource] ?? 0;
        const ofPods = needed[key];
        // What the stack's own pods and objects use by now is there for it again.
        const left = ofPods === undefined ? hard - used : hard - used + (running[key] ?? 0);
        const need = ofPods ?? objects[key] ?? 0;
        return exceeds(need, left)
            ? [
                  error(
                      `flts:namespace.name = "${stack.namespace}": ResourceQuota ${quota.name} leaves ${shown(key, Math.max(left, 0))} of ` +
                          `${resource} to this stack (hard ${shown(key, hard)}), which needs ${shown(key, need)}${largest(counted, key)}; ` +
                          `raise it to ${shown(key, hard + need - left)}, or lower ${loweredBy(counted, key)}`,
                  ),
              ]
            : [];
    });
}

/** Whether a quota counts pods of ours, which all have requests and no deadline of their own. */
function countsPods({ scopes, selector }: QuotaFacts, priorityClass: string | undefined): boolean {
    const terms = [
        ...scopes.map((scopeName) => ({ scopeName, operator: "Exists", values: [] })),
        ...selector,
    ];
    return terms.every(({ scopeName, operator, values }: (typeof selector)[number]) => {
        switch (scopeName) {
            case "NotBestEffort":
            case "NotTerminating":
                return true;
            case "PriorityClass": {
                const isListed = priorityClass !== undefined && values.includes(priorityClass);
                switch (operator) {
                    case "In":
                        return isListed;
                    case "NotIn":
                        return !isListed;
                    case "Exists":
                        return priorityClass !== undefined;
                    default:
                        return priorityClass === undefined;
                }
            }
            default:
                return false;
        }
    });
}

/** Of the pods that stay, and the largest Job: how many there are and what they request, as quotas name it. */
function neededPods(pods: readonly PodDemand[]): Record<string, number> {
    const each = (pod: PodDemand) => ({
        requests: podAmounts(pod, "requests"),
        limits: podAmounts(pod, "limits"),
        pods: 1,
    });
    const staying = pods
        .filter(({ runs }) => runs === "always")
        .flatMap((pod) => Array.from({ length: pod.pods }, () => each(pod)));
    const total = podTotals(staying);
    const jobs = pods.filter(({ runs }) => runs === "sometimes").map((pod) => podTotals([each(pod)]));
    return Object.fromEntries(
        Object.keys({ ...total, ...sum(jobs) }).map((key) => [
            key,
            (total[key] ?? 0) + Math.max(0, ...jobs.map((job) => job[key] ?? 0)),
        ]),
    );
}

function podTotals(
    pods: readonly { readonly requests: Amounts; readonly limits: Amounts; readonly pods: number }[],
): Record<string, number> {
    const requests = sum(pods.map((pod) => pod.requests));
    const limits = sum(pods.map((pod) => pod.limits));
    return {
        ...requests,
        ...Object.fromEntries(Object.entries(requests).map(([key, amount]) => [`requests.${key}`, amount])),
        ...Object.fromEntries(Object.entries(limits).map(([key, amount]) => [`limits.${key}`, amount])),
        pods: pods.length,
    };
}

/** Claims and Services that are still to be made. */
function neededObjects({ claims, objects }: Demands, namespace: NamespaceFacts): Record<string, number> {
    const existing = namespace.claims.known ? namespace.claims.value : [];
    const made = claims.flatMap(({ names, size, storageClass }) =>
        names.filter((name) => !existing.includes(name)).map(() => ({ size, storageClass })),
    );
    const services = objects.filter(
        ({ resource, home, name }) =>
            home &&
            resource === "services" &&
            namespace.services.known &&
            !namespace.services.value.includes(name),
    );
    const exposed = services.filter(({ serviceType }) => serviceType !== "ClusterIP");
    const perClass = made.flatMap(({ size, storageClass }) =>
        storageClass === undefined
            ? []
            : [
                  {
                      [`${storageClass}.storageclass.storage.k8s.io/requests.storage`]: size,
                      [`${storageClass}.storageclass.storage.k8s.io/persistentvolumeclaims`]: 1,
                  },
              ],
    );
    return {
        ...sum(perClass),
        "requests.storage": made.reduce((total, { size }) => total + size, 0),
        persistentvolumeclaims: made.length,
        services: services.length,
        // A load balancer has node ports too.
        "services.nodeports": exposed.length,
        "services.loadbalancers": exposed.filter(({ serviceType }) => serviceType === "LoadBalancer").length,
    };
}

function amountOf(pod: PodDemand, key: string): number {
    const [of, resource] = key.startsWith("limits.")
        ? (["limits", key.slice(7)] as const)
        : (["requests", key.replace(/^requests\./, "")] as const);
    return (podAmounts(pod, of)[resource] ?? 0) * pod.pods;
}

function byAmount(pods: readonly PodDemand[], key: string): readonly PodDemand[] {
    return pods
        .filter((pod) => amountOf(pod, key) > 0)
        .sort((one, other) => amountOf(other, key) - amountOf(one, key));
}

function largest(pods: readonly PodDemand[], key: string): string {
    const most = byAmount(pods, key).slice(0, 3);
    return most.length === 0
        ? ""
        : ` (most of it: ${most.map((pod) => `${pod.name} ${shown(key, amountOf(pod, key))}`).join(", ")})`;
}

function loweredBy(pods: readonly PodDemand[], key: string): string {
    const [most] = byAmount(pods, key);
    const resource = key.replace(/^(requests|limits)\./, "");
    return most === undefined
        ? "what the settings ask for"
        : `${sizeSetting(most, key.startsWith("limits.") ? "limits" : "requests", resource)} and the like`;
}

/** https://kubernetes.io/docs/concepts/policy/limit-range/ */
function limitFindings(limit: LimitFacts, { namespace, demands }: Stack): readonly Finding[] {
    const pods = demands.pods.filter(({ home, runs }) => home && runs !== "each");
    const prefix = `flts:namespace.name = "${namespace}": LimitRange ${limit.name}`;
    switch (limit.type) {
        case "Container":
            return pods.flatMap((pod) =>
                pod.containers.flatMap((container) =>
                    breaches(limit, container).map(({ of, resource, text }) =>
                        error(
                            `${prefix} ${text} a container, and container ${container.name} of ${pod.kind} ${pod.name} has ` +
                                `${shown(resource, container[of][resource] ?? 0)}; change ${sizeSetting(pod, of, resource)}, or the LimitRange`,
                        ),
                    ),
                ),
            );
        case "Pod":
            return pods.flatMap((pod) => {
                const whole = { requests: podAmounts(pod, "requests"), limits: podAmounts(pod, "limits") };
                return breaches(limit, whole).map(({ of, resource, text }) =>
                    error(
                        `${prefix} ${text} a pod, and a pod of ${pod.kind} ${pod.name} has ` +
                            `${shown(resource, whole[of][resource] ?? 0)}; change ${sizeSetting(pod, of, resource)}, or the LimitRange`,
                    ),
                );
            });
        case "PersistentVolumeClaim":
            return demands.claims.flatMap(({ names: [name = ""], size }) =>
                breaches(limit, { requests: { storage: size }, limits: { storage: size } })
                    .slice(0, 1)
                    .map(({ text }) =>
                        error(
                            `${prefix} ${text} a claim, and claim ${name} asks for ${shown("storage", size)}; change the ` +
                                "storage of its tier, or the LimitRange",
                        ),
                    ),
            );
        default:
            return [];
    }
}

interface Breach {
    readonly of: "requests" | "limits";
    readonly resource: string;
    readonly text: string;
}

function breaches(
    { min, max, ratio }: LimitFacts,
    { requests, limits }: Pick<ContainerDemand, "requests" | "limits">,
): Breach[] {
    const over = Object.entries(max).filter(([resource, most]) => exceeds(limits[resource] ?? 0, most));
    const under = Object.entries(min).filter(
        ([resource, least]) => requests[resource] !== undefined && exceeds(least, requests[resource]),
    );
    const wide = Object.entries(ratio).filter(([resource, most]) => {
        const request = requests[resource];
        return request !== undefined && request > 0 && exceeds((limits[resource] ?? 0) / request, most);
    });
    return [
        ...over.map(([resource, most]) => ({
            of: "limits" as const,
            resource,
            text: `allows at most ${shown(resource, most)} ${resource} for`,
        })),
        ...under.map(([resource, least]) => ({
            of: "requests" as const,
            resource,
            text: `asks for at least ${shown(resource, least)} ${resource} for`,
        })),
        ...wide.map(([resource, most]) => ({
            of: "limits" as const,
            resource,
            text: `allows a limit of ${resource} of at most ${most} times the request for`,
        })),
    ];
}
