import { explained } from "../../components/access/apiReason";
import { loadCluster } from "../../components/access/cluster";
import { existing } from "../../components/access/readable";
import type { Patient } from "./examine";

/** Secrets of the cluster that the context names. */
export function clusterSecrets(context: string): Pick<Patient, "readSecret" | "deleteSecret"> {
    const cluster = loadCluster(context);
    // Awaited by the calls below; a context that does not exist is reported by the first of them.
    cluster.catch(() => undefined);
    return {
        readSecret: async (namespace, name) => {
            const loaded = await cluster;
            const api = loaded.config.makeApiClient(loaded.client.CoreV1Api);
            const secret = await explained(`Secret ${namespace}/${name} cannot be read`, () =>
                existing(loaded, () => api.readNamespacedSecret({ namespace, name })),
            );
            return (
                secret &&
                Object.fromEntries(
                    Object.entries(secret.data ?? {}).map(([key, value]) => [
                        key,
                        Buffer.from(value, "base64").toString("utf8"),
                    ]),
                )
            );
        },
        deleteSecret: async (namespace, name) => {
            const { client, config } = await cluster;
            await explained(`Secret ${namespace}/${name} cannot be deleted`, () =>
                config.makeApiClient(client.CoreV1Api).deleteNamespacedSecret({ namespace, name }),
            );
        },
    };
}
