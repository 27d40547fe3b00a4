import { explained } from "./apiReason";
import { loadCluster } from "./cluster";
import type { ServiceAddress } from "./portForward";
import { existing } from "./readable";

/** Deletes a HorizontalPodAutoscaler, if there is one; the pods stay. */
export async function deleteAutoscaler(context: string, { namespace, name }: ServiceAddress): Promise<void> {
    const cluster = await loadCluster(context);
    const api = cluster.config.makeApiClient(cluster.client.AutoscalingV2Api);
    await explained(`HorizontalPodAutoscaler ${namespace}/${name} cannot be deleted`, () =>
        existing(cluster, () => api.deleteNamespacedHorizontalPodAutoscaler({ namespace, name })),
    );
}
