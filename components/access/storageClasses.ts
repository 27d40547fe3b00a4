import type { StorageClass } from "../core/data/retainingClass";
import { explained } from "./apiReason";
import { loadCluster } from "./cluster";

/** All storage classes of a cluster; who deploys needs the right to list them. */
export async function listStorageClasses(context: string): Promise<readonly StorageClass[]> {
    const { client, config } = await loadCluster(context);
    const { items } = await explained(
        `flts:volumes.retain = true: the storage classes of kubernetes:context = "${context}" cannot be listed`,
        () => config.makeApiClient(client.StorageV1Api).listStorageClass(),
        ". Nothing was changed.",
    );
    return items;
}
