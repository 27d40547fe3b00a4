import type { DataLayout, DataVolumes } from "../../components/core/data/dataLayout";
import { retainingClassName } from "../../components/core/data/volumeClaim";
import { postgresFormat } from "../../components/infrastructure/postgres/postgresConfig";
import type { InfrastructureSettings, ObjectStoreSettings } from "../settings/parsed/infrastructure";
import type { Settings } from "../settings/parsed/settings";

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
            ...infrastructureVolumes(settings.infrastructure),
            ...(layers.includes("monitoring") ? monitoringVolumes(settings) : []),
        ].map((volumes) => ({ ...volumes, storageClass })),
        identifier: layers.includes("pipeline") || layers.includes("serving") ? identifier : undefined,
    };
}

type Volumes = Omit<DataVolumes, "storageClass">;

function infrastructureVolumes(servers: InfrastructureSettings): Volumes[] {
    if (servers.from !== "deploy") {
        return [];
    }
    const { kafka, objectStore, mlflow, backup } = servers;
    const postgres = mlflow.from === "deploy" ? mlflow.postgres : undefined;
    return [
        ...(kafka.from === "deploy" ? [setVolumes("kafka", kafka.storage, kafka.brokers)] : []),
        ...(objectStore.from === "deploy" ? [objectStoreVolumes(objectStore)] : []),
        ...(postgres?.from === "deploy"
            ? [{ ...setVolumes("postgres", postgres.storage), format: postgresFormat(postgres.version) }]
            : []),
        ...(backup.enabled && backup.place.from === "volume" ? [claim("backup", backup.place.storage)] : []),
    ];
}

function objectStoreVolumes({
    mode,
    storage,
    replicas,
    drivesPerNode,
}: Extract<ObjectStoreSettings, { from: "deploy" }>): Volumes {
    return mode === "standalone"
        ? claim("minio", storage)
        : { ...setVolumes("minio", storage, replicas), volumesPerPod: drivesPerNode };
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
