import { explained } from "../../components/access/apiReason";
import { loadCluster } from "../../components/access/cluster";
import { secretValues } from "../../components/access/secretValues";
import type { Patient } from "./examine";

/** Secrets of the cluster that the context names. */
export function clusterSecrets(context: string): Pick<Patient, "readSecret" | "deleteSecret"> {
    const cluster = loadCluster(context);
    // Awaited by the calls below; a context that does not exist is reported by the first of them.
    cluster.catch(() => undefined);
    return {
        readSecret: async (namespace, name) => {
            const loaded = await cluster;
            return explained(`Secret ${namespace}/${name} cannot be read`, () =>
                secretValues(loaded, namespace, name),
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
