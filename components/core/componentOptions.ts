import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** What the children of every top-level component get. */
export interface ComponentContext {
    readonly provider: kubernetes.Provider;
    /** Applied to every object of the component, after all that its own code declares. */
    readonly transformations: readonly pulumi.ResourceTransformation[];
}

/** Options of a component whose children use the stack's provider and get its cluster settings and overrides. */
export function componentOptions(
    { provider, transformations }: ComponentContext,
    opts: pulumi.ComponentResourceOptions | undefined,
): pulumi.ComponentResourceOptions {
    const context: pulumi.ComponentResourceOptions = {
        providers: [provider],
        transformations: [...transformations],
    };
    return pulumi.mergeOptions(context, opts);
}
