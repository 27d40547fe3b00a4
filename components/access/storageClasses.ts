import type { StorageClass } from "../core/data/retainingClass";
import { apiReason } from "./apiReason";
import { loadCluster } from "./cluster";

/** All storage classes of a cluster; who deploys needs the right to list them. */
export async function listStorageClasses(context: string): Promise<readonly StorageClass[]> {
    const { client, config } = await loadCluster(context);
    try {
        return (await config.makeApiClient(client.StorageV1Api).listStorageClass()).items;
    } catch (error) {
        throw new Error(
            `flts:volumes.retain = true: the storage classes of kubernetes:context = "${context}" cannot be listed: ` +
                `${apiReason(error)}. Nothing was changed.`,
            { cause: error },
        );
    }
}
