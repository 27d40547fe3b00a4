import type { DataLayout, DataVolumes } from "../../components/core/data/dataLayout";
import { retainingClassName } from "../../components/core/data/volumeClaim";
import { POSTGRES_FORMAT } from "../../components/infrastructure/postgres/postgresConfig";
import type { Settings } from "../settings/schema";

/** Storage class of all volumes; undefined for the cluster's default. */
export function declaredStorageClass({
    volumes,
    namespace,
    storageClass,
}: Pick<Settings, "volumes" | "namespace" | "storageClass">): string | undefined {
    return volumes.retain ? retainingClassName(namespace.name) : storageClass;
}

/** What keeps data according to the settings. A property test compares it with what the program declares. */
export function declaredData(settings: Settings): DataLayout {
    const { layers, identifier } = settings;
    const storageClass = declaredStorageClass(settings);
    return {
        volumes: [
            ...(layers.includes("infrastructure") ? infrastructureVolumes(settings) : []),
            ...(layers.includes("monitoring") ? monitoringVolumes(settings) : []),
        ].map((volumes) => ({ ...volumes, storageClass })),
        identifier: layers.includes("pipeline") || layers.includes("serving") ? identifier : undefined,
    };
}

type Volumes = Omit<DataVolumes, "storageClass">;

function infrastructureVolumes({ kafka, objectStore, postgres, mlflow, backup }: Settings): Volumes[] {
    const { mode, replicas, drivesPerNode, storage } = objectStore;
    const single = mode === "standalone";
    const target = backup.target.endpoint !== undefined;
    const database = postgres.external.host === undefined && mlflow.external.trackingUri === undefined;
    return [
        ...(kafka.external.bootstrapServers === undefined
            ? [setVolumes("kafka", kafka.storage, kafka.brokers)]
            : []),
        ...(objectStore.external.endpoint !== undefined
            ? []
            : single
              ? [claim("minio", storage)]
              : [{ ...setVolumes("minio", storage, replicas), volumesPerPod: drivesPerNode }]),
        ...(database ? [{ ...setVolumes("postgres", postgres.storage), format: POSTGRES_FORMAT }] : []),
        ...(backup.enabled && !target ? [claim("backup", backup.storage)] : []),
    ];
}

function monitoringVolumes({ monitoring }: Settings): Volumes[] {
    const { storage, logs } = monitoring;
    return [
        setVolumes("prometheus", storage),
        ...(logs.enabled ? [setVolumes("victoria-logs", logs.storage)] : []),
    ];
}

function setVolumes(name: string, size: string, pods = 1): Volumes {
    return { name, claimedBy: "StatefulSet", pods, volumesPerPod: 1, size, format: undefined };
}

function claim(name: string, size: string): Volumes {
    return { ...setVolumes(name, size), claimedBy: "PersistentVolumeClaim" };
}
