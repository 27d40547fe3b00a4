import { fail } from "../../toolchain/console/index";
import type { Kubectl } from "../stack/kubectl";
import { podsIn, type Pod } from "../stack/pods";

/** One ready pod of the forecast API. */
export interface Replica {
    readonly name: string;
    readonly address: string;
    readonly node: string;
    readonly limits: { readonly cpu: string; readonly memory: string };
    /** Seconds from the pod's acceptance on its node to ready; Kubernetes counts whole ones. */
    readonly secondsToReady: number;
}

interface NodeSummary {
    readonly pods: readonly {
        readonly podRef: { readonly name: string; readonly namespace: string };
        readonly memory?: { readonly workingSetBytes: number };
    }[];
}

/** The replica that a pod is; undefined while it is not ready, or when it is about to go. */
export function replicaOf({ metadata, spec, status }: Pod): Replica | undefined {
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    if (metadata?.deletionTimestamp !== undefined || ready?.status !== "True") {
        return undefined;
    }
    const { cpu = "", memory = "" } = spec?.containers[0]?.resources?.limits ?? {};
    return {
        name: metadata?.name ?? "",
        address: status?.podIP ?? "",
        node: spec?.nodeName ?? "",
        limits: { cpu, memory },
        secondsToReady:
            (Date.parse(ready.lastTransitionTime ?? "") - Date.parse(status?.startTime ?? "")) / 1000,
    };
}

/** The forecast API's pods, as kubectl sees them. */
export class Replicas {
    constructor(
        private readonly kubectl: Kubectl,
        private readonly namespace: string,
    ) {}

    /** Makes new pods in place of the present ones, without an interruption, and waits for them. */
    async renew(): Promise<void> {
        await this.kubectl("rollout", "restart", "deployment/inference");
        await this.kubectl("rollout", "status", "deployment/inference", "--timeout=300s");
    }

    async ready(): Promise<Replica[]> {
        const selector = "app.kubernetes.io/name=inference";
        const found = await this.kubectl("get", "pods", "--selector", selector, "-o", "json");
        return podsIn(found)
            .map(replicaOf)
            .filter((replica) => replica !== undefined);
    }

    /** Memory of a replica that the kernel cannot take back, in bytes, as the kubelet counts it. */
    async memory({ name, node }: Replica): Promise<number> {
        const summary = await this.kubectl("get", "--raw", `/api/v1/nodes/${node}/proxy/stats/summary`);
        const { pods } = JSON.parse(summary) as NodeSummary;
        const own = pods.find(({ podRef }) => podRef.name === name && podRef.namespace === this.namespace);
        return own?.memory?.workingSetBytes ?? fail(`the kubelet of ${node} does not know pod ${name}.`);
    }
}
