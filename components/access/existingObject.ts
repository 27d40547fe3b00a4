import type { ExistingLabels } from "../core/ownershipGuard";
import { apiReason } from "./apiReason";
import { loadCluster } from "./cluster";

/** Looks objects up in the cluster of a context, over one connection. */
export function existingLabels(context: string): ExistingLabels {
    const loaded = loadCluster(context).then(({ client, config }) => ({
        objects: client.KubernetesObjectApi.makeApiClient(config),
        isMissing: (error: unknown) => error instanceof client.ApiException && error.code === 404,
    }));
    // Awaited by each lookup; a program that needs none does not fail for it.
    loaded.catch(() => undefined);
    return async (object) => {
        const { objects, isMissing } = await loaded;
        try {
            const { metadata } = await objects.read(object);
            return metadata?.labels ?? {};
        } catch (error) {
            if (isMissing(error)) {
                return undefined;
            }
            throw new Error(
                `whether ${object.kind} ${object.metadata.name} exists in kubernetes:context = "${context}" cannot be ` +
                    `read: ${apiReason(error)}. Nothing was changed.`,
                { cause: error },
            );
        }
    };
}
