import type { Layout } from "../layout";

/** Owner of the add-ons' fields: a second apply changes nothing, and fields that others set stay theirs. */
const fieldManager = "flts-embedded-cluster";

/** Creates or updates the objects in order, by server-side apply. Throws with the API server's answer. */
export async function applyObjects(layout: Layout, objects: readonly object[]): Promise<void> {
    // Loaded when needed: it takes longer to load than the whole check of a cluster that is already up.
    const { KubeConfig, KubernetesObjectApi, PatchStrategy } = await import("@kubernetes/client-node");
    const config = new KubeConfig();
    config.loadFromFile(layout.kubeconfig);
    const api = KubernetesObjectApi.makeApiClient(config);
    for (const object of objects) {
        await api.patch(object, undefined, undefined, fieldManager, true, PatchStrategy.ServerSideApply);
    }
}
