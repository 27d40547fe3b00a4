import pWaitFor from "p-wait-for";
import { loadCluster } from "./cluster";
import type { ServiceAddress } from "./portForward";

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

/** Stops all pods of a StatefulSet and waits until they ended; volumes stay. */
export async function scaleDown(
    context: string,
    { namespace, name }: ServiceAddress,
    labelSelector: string,
    seconds: number,
): Promise<void> {
    const { client, config } = await loadCluster(context);
    const apps = config.makeApiClient(client.AppsV1Api);
    const core = config.makeApiClient(client.CoreV1Api);
    await waitWithoutPods(
        {
            scaleToZero: async () => {
                try {
                    const scale = await apps.readNamespacedStatefulSetScale({ namespace, name });
                    scale.spec = Object.assign(new client.V1ScaleSpec(), { replicas: 0 });
                    await apps.replaceNamespacedStatefulSetScale({ namespace, name, body: scale });
                    return true;
                } catch (error) {
                    if (error instanceof client.ApiException && error.code === 404) {
                        return false;
                    }
                    throw error;
                }
            },
            pods: async () => (await core.listNamespacedPod({ namespace, labelSelector })).items.length,
        },
        name,
        seconds,
    );
}
