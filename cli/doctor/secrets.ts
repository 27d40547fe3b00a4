import { loadCluster } from "../../components/access/cluster";
import type { Patient } from "./examine";

/** Secrets of the cluster that the context names. */
export function clusterSecrets(context: string): Pick<Patient, "readSecret" | "deleteSecret"> {
    const cluster = loadCluster(context);
    // Awaited by the calls below; a context that does not exist is reported by the first of them.
    cluster.catch(() => undefined);
    return {
        readSecret: async (namespace, name) => {
            const { client, config } = await cluster;
            try {
                const { data = {} } = await config
                    .makeApiClient(client.CoreV1Api)
                    .readNamespacedSecret({ namespace, name });
                return Object.fromEntries(
                    Object.entries(data).map(([key, value]) => [
                        key,
                        Buffer.from(value, "base64").toString("utf8"),
                    ]),
                );
            } catch (error) {
                if (error instanceof client.ApiException && error.code === 404) {
                    return undefined;
                }
                throw error;
            }
        },
        deleteSecret: async (namespace, name) => {
            const { client, config } = await cluster;
            await config.makeApiClient(client.CoreV1Api).deleteNamespacedSecret({ namespace, name });
        },
    };
}
