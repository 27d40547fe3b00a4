import * as pulumi from "@pulumi/pulumi";

/** Annotation of the pods that changes with what brokers of one cluster must have in common to talk to each other. */
export const PEERS_ANNOTATION = "flts.io/kafka-peers";

interface StatefulSetInputs {
    readonly spec?: {
        readonly replicas?: number;
        readonly template?: {
            readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
        };
    };
}

/**
 * Whether an update needs all brokers stopped first.
 *
 * A broker with another password, or from before there were any, is not admitted by those that still have the old one: it
 * would never be ready, and a rollout, which continues when a pod is ready, would never end.
 */
export function mustStopFirst(before: unknown, after: unknown): boolean {
    const [old, wanted] = [before, after].map((inputs) => (inputs as StatefulSetInputs | undefined)?.spec);
    const peers = (spec: StatefulSetInputs["spec"]): string | undefined =>
        spec?.template?.metadata?.annotations?.[PEERS_ANNOTATION];
    return (old?.replicas ?? 1) > 1 && peers(old) !== peers(wanted);
}

/** Stops all brokers before an update after which they would not talk to each other while they are rolled one by one. */
export function stopBrokersFirst(stop: () => Promise<void>): pulumi.ResourceHook {
    return new pulumi.ResourceHook("flts stop of all brokers", async ({ oldInputs, newInputs }) => {
        if (mustStopFirst(oldInputs, newInputs)) {
            await stop();
        }
    });
}
