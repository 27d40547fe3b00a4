import type * as kubernetes from "@pulumi/kubernetes";
import { waitForRollout, type Metadata } from "./rolloutWait";
import { podTemplate, type PodArgs } from "./pod";
import { KEEP_CLAIMS, volumeClaim } from "../data/volumeClaim";

/** What the StatefulSets of all tiers differ in. */
export interface StatefulSetArgs {
    readonly pod: PodArgs;
    readonly replicas: number;
    /** The Service that gives pods their host names. */
    readonly serviceName: string;
    /** Start and end pods all at once, for those that need each other to be ready. Default: one after the other. */
    readonly parallel?: boolean;
    /** Size of the volume that each pod has under the name `data`, such as `10Gi`. */
    readonly storage: string;
    /** Undefined takes the cluster's default class. */
    readonly storageClass: string | undefined;
}

/** A StatefulSet whose pods have one volume each, which stays when they are deleted. */
export function statefulSet(metadata: Metadata, args: StatefulSetArgs): kubernetes.apps.v1.StatefulSetArgs {
    const { pod, replicas, serviceName, storage, storageClass } = args;
    return {
        metadata: waitForRollout(metadata, replicas),
        spec: {
            serviceName,
            replicas,
            ...(args.parallel === true ? { podManagementPolicy: "Parallel" } : {}),
            selector: { matchLabels: { ...pod.labels } },
            template: podTemplate(pod),
            persistentVolumeClaimRetentionPolicy: KEEP_CLAIMS,
            volumeClaimTemplates: [volumeClaim("data", storage, storageClass)],
        },
    };
}
