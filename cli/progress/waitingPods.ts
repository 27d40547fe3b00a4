import type { Kubectl } from "../stack/kubectl";
import { podsIn, type Pod } from "../stack/pods";

/** Reasons of every pod that has just been created. */
const STARTING = ["ContainerCreating", "PodInitializing"];

/**
 * Why a pod is not ready; undefined if it is ready or has succeeded.
 *
 * See https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/.
 */
export function reasonNotReady({ status }: Pod): string | undefined {
    const { phase, conditions = [], initContainerStatuses = [], containerStatuses = [] } = status ?? {};
    const condition = (type: string) => conditions.find((each) => each.type === type);
    if (phase === "Succeeded" || condition("Ready")?.status === "True") {
        return undefined;
    }
    const scheduled = condition("PodScheduled");
    if (scheduled?.status === "False") {
        return scheduled.message ?? "no node accepts it";
    }
    const reasons = [...initContainerStatuses, ...containerStatuses].flatMap(({ name, state, lastState }) => {
        const { reason = "", message } = state?.waiting ?? {};
        const ended = lastState?.terminated;
        const parts = [
            ...(reason === "" || STARTING.includes(reason) ? [] : [reason]),
            ...(ended === undefined ? [] : [`ended with ${ended.exitCode} (${ended.reason ?? "no reason"})`]),
            ...(message === undefined ? [] : [message]),
        ];
        return parts.length === 0 ? [] : [`${name}: ${parts.join(", ")}`];
    });
    return reasons.length > 0
        ? reasons.join("; ")
        : phase === "Failed"
          ? "failed; its log says why"
          : "not ready yet";
}

/** The pods of a stack that do not work, each with its reason. */
export async function waitingPods(kubectl: Kubectl, stack: string): Promise<readonly [string, string][]> {
    const selector = `app.kubernetes.io/instance=${stack}`;
    const found = await kubectl(
        "get",
        "pods",
        "--all-namespaces",
        "--selector",
        selector,
        "--output",
        "json",
    );
    return podsIn(found).flatMap((pod) => {
        const reason = reasonNotReady(pod);
        const { namespace = "", name = "" } = pod.metadata ?? {};
        return reason === undefined ? [] : [[`${namespace}/${name}`, reason]];
    });
}
