import { explained } from "./apiReason";
import { loadCluster } from "./cluster";
import { readable } from "./readable";

/**
 * What distinguishes a cluster from all others: the UID of its namespace kube-system, which lives as long as the cluster.
 *
 * @returns undefined where this user may not read it.
 */
export async function clusterIdentity(context: string): Promise<string | undefined> {
    const cluster = await loadCluster(context);
    const api = cluster.config.makeApiClient(cluster.client.CoreV1Api);
    const namespace = await explained("the namespace kube-system cannot be read", () =>
        readable(cluster, () => api.readNamespace({ name: "kube-system" })),
    );
    return namespace?.metadata?.uid;
}
