import * as pulumi from "@pulumi/pulumi";

interface DeploymentInputs {
    readonly spec?: { readonly replicas?: number };
}

/** Whether an update gives a Deployment a fixed number of pods that had none before. */
export function takesNumberBack(before: unknown, after: unknown): boolean {
    const [old, wanted] = [before, after].map((inputs) => (inputs as DeploymentInputs | undefined)?.spec);
    return old?.replicas === undefined && wanted?.replicas !== undefined;
}

/**
 * Removes the autoscaler of a Deployment before the Deployment gets a fixed number of pods.
 *
 * Pulumi deletes what left the program at the end of an update. An autoscaler that is there until then sets its own number
 * again, and no later update would correct it.
 *
 * @param deployment its name, since a stack can have several.
 * @param remove deletes the autoscaler, if there is one.
 */
export function removeAutoscalerFirst(deployment: string, remove: () => Promise<void>): pulumi.ResourceHook {
    return new pulumi.ResourceHook(
        `flts removal of the autoscaler of ${deployment}`,
        async ({ oldInputs, newInputs }) => {
            if (takesNumberBack(oldInputs, newInputs)) {
                await remove();
            }
        },
    );
}
