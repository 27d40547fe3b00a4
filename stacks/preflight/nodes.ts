import { exceeds, shown, sizeSetting, sum } from "./amounts";
import { podAmounts, type PodDemand } from "./demands";
import type { NodeFacts, PodFacts } from "./facts";
import { error, listed, warning, type Finding, type Known } from "./finding";
import { unmatchedAffinity, untolerated } from "./nodeMatching";

/** Labels of nodes that are made for pods that wait for one: Karpenter's and Fargate's. */
const MADE_ON_DEMAND = ["karpenter.sh/nodepool", "eks.amazonaws.com/compute-type"];

/** Why a node never takes a pod, and what changes it. */
interface Obstacle {
    readonly reason: string;
    readonly fix: string;
}

/**
 * Pods that no node takes, however long they wait, and pods that do not fit beside what runs by now.
 *
 * @param growing whether nodes are added for pods that wait; then what no present node takes may still be scheduled.
 */
export function nodeFindings(
    nodes: readonly NodeFacts[],
    pods: Known<readonly PodFacts[]>,
    demands: readonly PodDemand[],
    stack: { readonly instance: string; readonly growing: boolean },
): readonly Finding[] {
    const growing =
        stack.growing || nodes.some(({ labels }) => MADE_ON_DEMAND.some((label) => label in labels));
    if (nodes.length === 0) {
        return [warning("the cluster has no node; pods wait until there is one")];
    }
    const placed = demands.filter(({ runs }) => runs !== "each");
    const refused = placed.filter((pod) => nodes.every((node) => obstacleOf(node, pod) !== undefined));
    const groups = new Map<string, { readonly pods: PodDemand[]; readonly fix: string }>();
    for (const pod of refused) {
        const { reason, fix } = refusalOf(nodes, pod);
        const group = groups.get(reason) ?? { pods: [], fix };
        groups.set(reason, { ...group, pods: [...group.pods, pod] });
    }
    return [
        ...[...groups].map(([reason, { pods: waiting, fix }]) => {
            const names = listed(waiting.map(({ kind, name }) => `${kind} ${name}`));
            return growing
                ? warning(
                      `no present node takes the pods of ${names}: ${reason}; check that the node autoscaler makes such nodes`,
                  )
                : error(
                      `no node takes the pods of ${names}: ${reason}; ${fix}, or add such a node (where an autoscaler ` +
                          "does, set flts:cluster.autoscaledNodes to true)",
                  );
        }),
        ...(pods.known && refused.length === 0 && !growing
            ? capacityFindings(nodes, pods.value, placed, stack.instance)
            : []),
    ];
}

/** The first thing that keeps a pod from a node for good; undefined where the node could take it, were it empty. */
function obstacleOf(node: NodeFacts, pod: PodDemand): Obstacle | undefined {
    const at = `flts:cluster.tiers.${pod.tier}`;
    const wrong = Object.entries(pod.nodeSelector).find(([key, value]) => node.labels[key] !== value);
    if (wrong !== undefined) {
        return {
            reason: `it has not the label ${wrong.join("=")}`,
            fix: `correct flts:cluster.nodeSelector or ${at}.nodeSelector`,
        };
    }
    const expression = unmatchedAffinity(node, pod.affinity);
    if (expression !== undefined) {
        return {
            reason: `its labels do not match the required node affinity ${expression}`,
            fix: expression.startsWith("kubernetes.io/arch ")
                ? "correct flts:cluster.architectures"
                : `correct flts:cluster.affinity or ${at}.affinity`,
        };
    }
    const taint = untolerated(node, pod.tolerations);
    if (taint !== undefined) {
        return {
            reason: `it has the taint ${taint.key}${taint.value === "" ? "" : `=${taint.value}`}:${taint.effect}`,
            fix: `tolerate it with flts:cluster.tolerations or ${at}.tolerations`,
        };
    }
    if (node.cordoned) {
        return { reason: "it is cordoned", fix: `kubectl uncordon ${node.name}` };
    }
    const large = Object.entries(podAmounts(pod, "requests")).find(
        ([resource, amount]) => amount > 0 && exceeds(amount, node.allocatable[resource] ?? 0),
    );
    if (large === undefined) {
        return undefined;
    }
    const [resource, amount] = large;
    return {
        reason:
            `a pod requests ${shown(resource, amount)} ${resource}, and ` +
            `${shown(resource, node.allocatable[resource] ?? 0)} is allocatable`,
        fix: `lower ${sizeSetting(pod, "requests", resource)}`,
    };
}

/** What each node has against a pod, for a person who reads it. The fix is for the node that comes closest. */
function refusalOf(nodes: readonly NodeFacts[], pod: PodDemand): Obstacle {
    const byReason = new Map<string, { readonly names: string[]; readonly fix: string }>();
    for (const node of nodes) {
        const { reason, fix } = obstacleOf(node, pod) ?? { reason: "", fix: "" };
        byReason.set(reason, { names: [...(byReason.get(reason)?.names ?? []), node.name], fix });
    }
    const entries = [...byReason];
    return {
        reason: entries.map(([reason, { names }]) => `of node ${listed(names, 3)}, ${reason}`).join("; "),
        fix: [...new Set(entries.map(([, { fix }]) => fix))].join(", "),
    };
}

/** More than is free now is a warning: what others run may end, and what is requested may never be used. */
function capacityFindings(
    nodes: readonly NodeFacts[],
    pods: readonly PodFacts[],
    demands: readonly PodDemand[],
    instance: string,
): readonly Finding[] {
    const staying = demands.filter(({ runs }) => runs === "always");
    const usable = nodes.filter((node) => staying.some((pod) => obstacleOf(node, pod) === undefined));
    const others = pods.filter(
        (pod) => pod.instance !== instance && usable.some(({ name }) => name === pod.node),
    );
    const all = sum(usable.map(({ allocatable }) => allocatable));
    const taken = sum(others.map(({ requests }) => requests));
    const needed = sum(
        staying.flatMap((pod) => Array.from({ length: pod.pods }, () => podAmounts(pod, "requests"))),
    );
    return ["cpu", "memory"].flatMap((resource) => {
        const free = (all[resource] ?? 0) - (taken[resource] ?? 0);
        const need = needed[resource] ?? 0;
        return exceeds(need, free)
            ? [
                  warning(
                      `the nodes have ${shown(resource, Math.max(free, 0))} ${resource} free for this stack, which requests ` +
                          `${shown(resource, need)}: some pods will wait; add a node, or lower flts:profile or single resources`,
                  ),
              ]
            : [];
    });
}
