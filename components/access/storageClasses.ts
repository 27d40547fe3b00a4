import type { StorageClass } from "../core/data/retainingClass";
import { loadCluster } from "./cluster";

/** All storage classes of a cluster; who deploys needs the right to list them. */
export async function listStorageClasses(context: string): Promise<readonly StorageClass[]> {
    const { client, config } = await loadCluster(context);
    try {
        return (await config.makeApiClient(client.StorageV1Api).listStorageClass()).items;
    } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(
            `flts:volumes.retain = true: the storage classes of kubernetes:context = "${context}" cannot be listed: ` +
                `${reason}. Nothing was changed.`,
            { cause: error },
        );
    }
}
