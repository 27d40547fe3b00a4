import { metricsApiService } from "./addons/metricsServer";
import { storageClassName } from "./addons/storage";
import { policiesAreEnforced } from "./processes/networkPolicyEnforcer";
import { daemonNames } from "./daemons";
import { hasNodeAddress } from "./host/addresses";
import { hasPodNetworkRules } from "./host/iptables";
import { nodeName, type Layout } from "./layout";
import { dnsAnswers, readObject } from "./probes";
import { daemonProcess } from "./processes";

/** One thing that has to be right for the cluster to be usable. */
export interface Check {
    readonly name: string;
    readonly healthy: boolean;
    /** What it is like, in a few words. */
    readonly detail: string;
}

interface Condition {
    readonly type: string;
    readonly status: string;
    readonly message?: string;
}

interface Conditions {
    readonly status?: { readonly conditions?: readonly Condition[] };
}

function checkProcess(layout: Layout, name: string): Check {
    const pid = daemonProcess(layout, name);
    return {
        name,
        healthy: pid !== undefined,
        detail: pid === undefined ? "not running" : `running, process ${pid}`,
    };
}

/** The condition `type` of an object as a check. */
export function checkCondition(name: string, object: unknown, type: string): Check {
    const condition = (object as Conditions | undefined)?.status?.conditions?.find(
        (each) => each.type === type,
    );
    return {
        name,
        healthy: condition?.status === "True",
        detail:
            condition === undefined
                ? "unknown to the API server"
                : condition.status === "True"
                  ? type.toLowerCase()
                  : (condition.message ?? `not ${type.toLowerCase()}`),
    };
}

async function checkNetwork(): Promise<Check> {
    const parts = [
        { present: hasNodeAddress(), missing: "the node's address on the loopback interface" },
        { present: hasPodNetworkRules(), missing: "the pods' firewall rules" },
    ];
    const missing: string[] = [];
    for (const part of parts) {
        if (!(await part.present.catch(() => false))) {
            missing.push(part.missing);
        }
    }
    const healthy = missing.length === 0;
    return {
        name: "network",
        healthy,
        detail: healthy ? "address and rules present" : `missing: ${missing.join(", ")}`,
    };
}

interface PodList {
    /** The kubelet writes null for none. */
    readonly items: readonly { readonly metadata: { readonly uid: string; readonly name: string } }[] | null;
}

/** Running pods that the kubelet knows of. After its restart it learns them late, and exec and logs fail until then. */
export function checkPods(running: unknown, known: unknown): Check {
    if (running === undefined || known === undefined) {
        return { name: "pods", healthy: false, detail: "cannot be listed" };
    }
    const pods = (running as PodList).items ?? [];
    const uids = new Set((known as PodList).items?.map((pod) => pod.metadata.uid));
    const unknown = pods.filter((pod) => !uids.has(pod.metadata.uid)).map((pod) => pod.metadata.name);
    return {
        name: "pods",
        healthy: unknown.length === 0,
        detail:
            unknown.length === 0 ? `${pods.length} running` : `unknown to the kubelet: ${unknown.join(", ")}`,
    };
}

/** Looks at every part of the cluster. Takes at most a few seconds, also when nothing answers. */
export async function inspect(layout: Layout): Promise<Check[]> {
    const runningPods = `/api/v1/pods?fieldSelector=spec.nodeName=${nodeName},status.phase=Running`;
    const [node, dns, storageClass, metrics, network, policies, running, known] = await Promise.all([
        readObject(layout, `/api/v1/nodes/${nodeName}`),
        dnsAnswers(),
        readObject(layout, `/apis/storage.k8s.io/v1/storageclasses/${storageClassName}`),
        readObject(layout, `/apis/apiregistration.k8s.io/v1/apiservices/${metricsApiService}`),
        checkNetwork(),
        policiesAreEnforced(),
        readObject(layout, runningPods),
        readObject(layout, `/api/v1/nodes/${nodeName}/proxy/pods`),
    ]);
    return [
        ...daemonNames.map((name) => checkProcess(layout, name)),
        network,
        checkCondition(`node ${nodeName}`, node, "Ready"),
        checkPods(running, known),
        { name: "DNS", healthy: dns, detail: dns ? "answers" : "does not answer" },
        {
            name: "storage",
            healthy: storageClass !== undefined,
            detail:
                storageClass === undefined ? "no StorageClass" : `default StorageClass ${storageClassName}`,
        },
        checkCondition("metrics", metrics, "Available"),
        {
            name: "network policies",
            healthy: policies,
            detail: policies ? "enforced" : "not enforced",
        },
    ];
}
