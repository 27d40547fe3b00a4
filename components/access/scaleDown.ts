import pWaitFor from "p-wait-for";
import { requestsWith, type ApiRequest } from "../core/cluster/apiRequests";
import { explained } from "./apiReason";
import { loadCluster } from "./cluster";
import type { ServiceAddress } from "./portForward";
import { existing } from "./readable";

const POLL_MILLISECONDS = 1000;

/** The calls of the Kubernetes API that {@link scaleDown} needs. */
export interface ScalingApi {
    /** Asks for no pods; false where there is no such StatefulSet. */
    readonly scaleToZero: () => Promise<boolean>;
    /** Pods that there still are, those included that are ending. */
    readonly pods: () => Promise<number>;
}

/** @throws when pods are left after `seconds`. */
export async function waitWithoutPods(api: ScalingApi, name: string, seconds: number): Promise<void> {
    if (!(await api.scaleToZero())) {
        return;
    }
    await pWaitFor(async () => (await api.pods()) === 0, {
        interval: POLL_MILLISECONDS,
        timeout: {
            milliseconds: seconds * 1000,
            message: `the pods of StatefulSet ${name} did not end within ${seconds} s; the next update continues from here`,
        },
    });
}

/** The requests of {@link scaleDown}, for the preflight. */
export function scalingRequests(namespace: string): readonly ApiRequest[] {
    return [
        ...requestsWith(["get", "update"], { group: "apps", resource: "statefulsets/scale", namespace }),
        ...requestsWith(["list"], { group: "", resource: "pods", namespace }),
    ];
}

/** Stops all pods of a StatefulSet and waits until they ended; volumes stay. */
export async function scaleDown(
    context: string,
    { namespace, name }: ServiceAddress,
    labelSelector: string,
    seconds: number,
): Promise<void> {
    const cluster = await loadCluster(context);
    const { client, config } = cluster;
    const apps = config.makeApiClient(client.AppsV1Api);
    const core = config.makeApiClient(client.CoreV1Api);
    const scaleToZero = async () => {
        const scale = await apps.readNamespacedStatefulSetScale({ namespace, name });
        scale.spec = Object.assign(new client.V1ScaleSpec(), { replicas: 0 });
        return apps.replaceNamespacedStatefulSetScale({ namespace, name, body: scale });
    };
    await waitWithoutPods(
        {
            scaleToZero: async () => {
                const scaled = await explained(
                    `StatefulSet ${namespace}/${name} cannot be scaled to zero`,
                    () => existing(cluster, scaleToZero),
                );
                return scaled !== undefined;
            },
            pods: () =>
                explained(`the pods of StatefulSet ${namespace}/${name} cannot be listed`, async () => {
                    const { items } = await core.listNamespacedPod({ namespace, labelSelector });
                    return items.length;
                }),
        },
        name,
        seconds,
    );
}
