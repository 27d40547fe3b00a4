import type { Affinity, Toleration } from "../../components/core/cluster/clusterSettings";
import type { NodeFacts, Taint } from "./facts";

/** Taints that come and go with a node's state. */
const PASSING = /^node\.(cloudprovider\.)?kubernetes\.io\//;

/** The first taint that keeps a pod with these tolerations from a node for good. */
export function untolerated(node: NodeFacts, tolerations: readonly Toleration[]): Taint | undefined {
    return node.taints.find(
        (taint) =>
            taint.effect !== "PreferNoSchedule" &&
            !PASSING.test(taint.key) &&
            !tolerations.some((toleration) => tolerates(toleration, taint)),
    );
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#concepts */
function tolerates({ key = "", operator = "Equal", value = "", effect }: Toleration, taint: Taint): boolean {
    if (effect !== undefined && effect !== taint.effect) {
        return false;
    }
    if (key === "") {
        return operator === "Exists";
    }
    return key === taint.key && (operator === "Exists" || value === taint.value);
}

interface Requirement {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
}

interface Term {
    readonly matchExpressions?: readonly Requirement[];
    readonly matchFields?: readonly Requirement[];
}

interface NodeAffinity {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: {
        readonly nodeSelectorTerms?: readonly Term[];
    };
}

/** What of a required node affinity a node does not match, in words; undefined where one of its terms matches. */
export function unmatchedAffinity(node: NodeFacts, { nodeAffinity }: Affinity): string | undefined {
    const required = (nodeAffinity as NodeAffinity | undefined)
        ?.requiredDuringSchedulingIgnoredDuringExecution;
    const terms = required?.nodeSelectorTerms ?? [];
    const failures = terms.map((term) => unmatched(node, term));
    return failures.includes(undefined) ? undefined : failures[0];
}

function unmatched(node: NodeFacts, { matchExpressions = [], matchFields = [] }: Term): string | undefined {
    const failed =
        matchExpressions.find((each) => !matches(each, node.labels[each.key])) ??
        matchFields.find((each) => !matches(each, each.key === "metadata.name" ? node.name : undefined));
    return failed === undefined
        ? undefined
        : [failed.key, failed.operator, failed.values?.join(", ")]
              .filter((part) => part !== undefined)
              .join(" ");
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#operators */
function matches({ operator, values = [] }: Requirement, value: string | undefined): boolean {
    switch (operator) {
        case "In":
            return value !== undefined && values.includes(value);
        case "NotIn":
            return value === undefined || !values.includes(value);
        case "Exists":
            return value !== undefined;
        case "DoesNotExist":
            return value === undefined;
        case "Gt":
            return value !== undefined && Number(value) > Number(values[0]);
        case "Lt":
            return value !== undefined && Number(value) < Number(values[0]);
        default:
            // An operator of a newer Kubernetes is the scheduler's to decide.
            return true;
    }
}
