import { explained } from "./apiReason";
import { loadCluster } from "./cluster";
import type { ServiceAddress } from "./portForward";

/** The part of a StatefulSet that says how far its rollout is. */
export interface RolloutState {
    readonly metadata?: { readonly generation?: number };
    readonly spec?: { readonly replicas?: number };
    readonly status?: {
        readonly observedGeneration?: number;
        readonly updatedReplicas?: number;
        readonly readyReplicas?: number;
        readonly currentRevision?: string;
        readonly updateRevision?: string;
    };
}

/** True when every pod is of the newest revision and ready. */
export function isRolledOut({ metadata, spec, status }: RolloutState): boolean {
    const replicas = spec?.replicas ?? 1;
    return (
        (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0) &&
        (status?.updatedReplicas ?? replicas) >= replicas &&
        (status?.readyReplicas ?? 0) >= replicas &&
        status?.currentRevision === status?.updateRevision
    );
}

/**
 * Rejects while a StatefulSet is still rolling.
 *
 * The Kubernetes provider may report an updated StatefulSet before its pod was replaced; a connection made then
 * reaches the old pod, with the old password, and is cut in the middle.
 */
export async function requireRolledOut(context: string, { namespace, name }: ServiceAddress): Promise<void> {
    const { client, config } = await loadCluster(context);
    const state = await explained(`StatefulSet ${namespace}/${name} cannot be read`, () =>
        config.makeApiClient(client.AppsV1Api).readNamespacedStatefulSet({ namespace, name }),
    );
    if (!isRolledOut(state)) {
        throw new Error(`StatefulSet ${namespace}/${name} is still being rolled out`);
    }
}
