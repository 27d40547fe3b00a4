import type { ExistingLabels } from "../core/ownershipGuard";
import { explained } from "./apiReason";
import { loadCluster } from "./cluster";
import { existing } from "./readable";

/** Looks objects up in the cluster of a context, over one connection. */
export function existingLabels(context: string): ExistingLabels {
    const loaded = loadCluster(context).then((cluster) => ({
        cluster,
        objects: cluster.client.KubernetesObjectApi.makeApiClient(cluster.config),
    }));
    // Awaited by each lookup; a program that needs none does not fail for it.
    loaded.catch(() => undefined);
    return async (object) => {
        const { cluster, objects } = await loaded;
        const found = await explained(
            `whether ${object.kind} ${object.metadata.name} exists in kubernetes:context = "${context}" cannot be read`,
            () => existing(cluster, () => objects.read(object)),
            ". Nothing was changed.",
        );
        return found && (found.metadata?.labels ?? {});
    };
}
