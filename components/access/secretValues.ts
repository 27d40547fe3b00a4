import type { Cluster } from "./cluster";
import { existing } from "./readable";

/** The values of a Secret, by key; undefined where there is none. */
export async function secretValues(
    cluster: Cluster,
    namespace: string,
    name: string,
): Promise<Readonly<Record<string, string>> | undefined> {
    const api = cluster.config.makeApiClient(cluster.client.CoreV1Api);
    const secret = await existing(cluster, () => api.readNamespacedSecret({ namespace, name }));
    return (
        secret &&
        Object.fromEntries(
            Object.entries(secret.data ?? {}).map(([key, value]) => [
                key,
                Buffer.from(value, "base64").toString("utf8"),
            ]),
        )
    );
}
