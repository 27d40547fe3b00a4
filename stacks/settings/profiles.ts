import { PROFILES, type Profile } from "./profileNames";
import type { GivenSettings } from "./schema";
import { isTree, mergeTrees, type SettingsTree } from "./tree";

/** GivenSettings that say how big something is. What says how many there are is no profile's business. */
type SizeName = "resources" | "storage" | "heapMegabytes" | "epochs";

/** The sizes among a group's settings, at any depth. */
type SizesOf<Group> = {
    readonly [
        Name in keyof Group as Name extends SizeName ? Name : Group[Name] extends object ? Name : never
    ]?: Name extends SizeName ? Group[Name] : SizesOf<Group[Name]>;
};

/** `[CPU, memory]` that are set aside, and that are used at most. */
function resources(
    requests: readonly [string, string],
    limits: readonly [string, string],
): GivenSettings["kafka"]["resources"] {
    return {
        requests: { cpu: requests[0], memory: requests[1] },
        limits: { cpu: limits[0], memory: limits[1] },
    };
}

/**
 * Sizes by profile, where they are others than the schema's own.
 *
 * `minimal` is for pods that run and have little to do: prod's shape has to fit a node with two cores. Its limits are
 * those of `small`, and inference requests as much, since the autoscaler counts in shares of the request.
 */
export const SIZES: Readonly<Record<Profile, SizesOf<GivenSettings>>> = {
    small: {},
    production: {
        kafka: { storage: "50Gi", heapMegabytes: 2048, resources: resources(["1", "4Gi"], ["2", "6Gi"]) },
        objectStore: { storage: "100Gi", resources: resources(["500m", "2Gi"], ["2", "4Gi"]) },
        postgres: { storage: "20Gi", resources: resources(["500m", "1Gi"], ["2", "2Gi"]) },
        mlflow: { resources: resources(["500m", "1Gi"], ["2", "3Gi"]) },
        training: { epochs: 50, resources: resources(["1", "2Gi"], ["4", "8Gi"]) },
        inference: { resources: resources(["500m", "512Mi"], ["1", "1Gi"]) },
        // Every object, and whatever took its place or went since the oldest backup.
        backup: { storage: "200Gi" },
        monitoring: {
            storage: "50Gi",
            resources: resources(["200m", "1Gi"], ["1", "2Gi"]),
            logs: { storage: "50Gi", resources: resources(["100m", "512Mi"], ["2", "2Gi"]) },
        },
    },
    minimal: {
        kafka: { storage: "1Gi", heapMegabytes: 256, resources: resources(["100m", "512Mi"], ["2", "1Gi"]) },
        objectStore: { storage: "1Gi", resources: resources(["50m", "192Mi"], ["2", "1Gi"]) },
        postgres: { storage: "1Gi", resources: resources(["50m", "128Mi"], ["1", "512Mi"]) },
        mlflow: { resources: resources(["100m", "576Mi"], ["2", "1536Mi"]) },
        preprocess: { resources: resources(["50m", "256Mi"], ["2", "1536Mi"]) },
        training: { resources: resources(["50m", "384Mi"], ["2", "2Gi"]) },
        evaluator: { resources: resources(["25m", "192Mi"], ["1", "768Mi"]) },
        loadBalancer: { resources: resources(["25m", "64Mi"], ["1", "256Mi"]) },
        loadTest: { resources: resources(["10m", "64Mi"], ["1", "512Mi"]) },
        monitoring: {
            storage: "1Gi",
            resources: resources(["50m", "256Mi"], ["1", "768Mi"]),
            logs: { storage: "1Gi", resources: resources(["25m", "48Mi"], ["1", "512Mi"]) },
            grafana: { resources: resources(["25m", "192Mi"], ["500m", "512Mi"]) },
        },
        backup: { storage: "1Gi" },
    },
};

/** What was given, laid over the sizes of the profile that it names; a profile that is none is the schema's to refuse. */
export function withSizes(given: SettingsTree): SettingsTree {
    const profile = PROFILES.find((name) => name === given.profile);
    return profile === undefined ? given : mergeTrees(SIZES[profile], given);
}

/** A profile's sizes of one group of settings. */
export function sizesOf(profile: Profile, group: string): SettingsTree {
    const sizes = (SIZES[profile] as SettingsTree)[group];
    return isTree(sizes) ? sizes : {};
}
