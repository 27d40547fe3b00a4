import type { GivenSettings } from "../schema";

/** A second version of the forecast API, and the share of requests that it gets. */
export interface CanarySettings {
    /** What differs from the stable version: the model, the image, or both. */
    readonly version: { readonly runId: string | undefined; readonly image: string | undefined };
    /** Share of requests, in percent. */
    readonly weight: number;
}

/** The canary, or undefined where none is named. */
export function canaryOf({ serving }: GivenSettings): CanarySettings | undefined {
    const { runId, image, weight } = serving.canary;
    return runId === undefined && image === undefined ? undefined : { version: { runId, image }, weight };
}
