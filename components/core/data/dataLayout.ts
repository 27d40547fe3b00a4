/*
 * What keeps data, as plain data: as the cluster has it, and as the settings declare it. The two are compared before
 * anything is declared.
 */

/** Label that a StatefulSet of PostgreSQL carries with the major version that its files are of. */
export const DATA_FORMAT_LABEL = "flts.io/data-format";

/** Volumes that hold one server's data. */
export interface DataVolumes {
    /** Name of the server, by which a run permits the loss of its data. */
    readonly name: string;
    /** Volumes are claimed by the template of a StatefulSet, or by one claim. */
    readonly claimedBy: "StatefulSet" | "PersistentVolumeClaim";
    /** Pods that have volumes. */
    readonly pods: number;
    /** Volumes of each pod. */
    readonly volumesPerPod: number;
    /** Size of each volume as a Kubernetes quantity; undefined where it is unknown and cannot change. */
    readonly size: string | undefined;
    /** Storage class; undefined for the cluster's default, or where it is unknown and cannot change. */
    readonly storageClass: string | undefined;
    /** Version of the files, where another one cannot read them. */
    readonly format: string | undefined;
}

/** Everything of one stack that keeps data. */
export interface DataLayout {
    readonly volumes: readonly DataVolumes[];
    /** Identifier below which objects, topics and runs are; undefined where nothing uses it. */
    readonly identifier: string | undefined;
}
