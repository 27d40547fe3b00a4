import type { DataLayout, DataVolumes } from "./dataLayout";
import { EVERYTHING, howToAllow } from "./allowedLoss";
import { quantity } from "../quantity";

/** A change that would lose data, or leave it where nothing reads it. */
export interface DataChange {
    /** Name by which a run permits it (`FLTS_ALLOW_DATA_LOSS`). */
    readonly name: string;
    /** What differs, with the setting. */
    readonly change: string;
    /** What the change means for the data. */
    readonly meaning: string;
    /** How to carry it out and keep the data. */
    readonly procedure: string;
}

/** Settings by which each server's volumes are declared. */
interface VolumeSettings {
    readonly storage: string;
    /** Setting that says how many pods have volumes. */
    readonly pods?: string;
}

const SETTINGS: Readonly<Record<string, VolumeSettings>> = {
    kafka: { storage: "kafka.storage", pods: "kafka.brokers" },
    minio: { storage: "objectStore.storage", pods: "objectStore.replicas" },
    postgres: { storage: "postgres.storage" },
    prometheus: { storage: "monitoring.storage" },
    "victoria-logs": { storage: "monitoring.logs.storage" },
    backup: { storage: "backup.storage" },
};

/** Labels of the claims of servers that can be filled again. */
const CLAIMS = {
    minio: "release=minio",
    kafka: "app.kubernetes.io/name=kafka",
    postgres: "app.kubernetes.io/name=postgres",
} as const;

/**
 * Changes that would lose data between what the cluster has and what the settings declare, in the declared order. Those
 * that `allowed` names are left out.
 */
export function dataChanges(
    deployed: DataLayout,
    declared: DataLayout,
    allowed: readonly string[],
): DataChange[] {
    const changes = [
        ...declared.volumes.flatMap((volumes) => {
            const before = deployed.volumes.find(({ name }) => name === volumes.name);
            return before === undefined ? [] : volumeChanges(before, volumes);
        }),
        ...identifierChange(deployed.identifier, declared.identifier),
    ];
    return changes.filter(({ name }) => !allowed.includes(name) && !allowed.includes(EVERYTHING));
}

/** @throws one error with all changes that would lose data. */
export function refuseDataChanges(changes: readonly DataChange[]): void {
    if (changes.length === 0) {
        return;
    }
    const names = [...new Set(changes.map(({ name }) => name))];
    throw new Error(
        [
            "The settings would lose data; nothing was changed:",
            ...changes.map(
                ({ name, change, meaning, procedure }) =>
                    `  - "${name}" holds data: ${change}: ${meaning}. To keep the data: ${procedure}.`,
            ),
            `If the data may be lost, ${howToAllow(names)}. docs/upgrades.md lists every change of this kind.`,
        ].join("\n"),
    );
}

function volumeChanges(before: DataVolumes, after: DataVolumes): DataChange[] {
    const { name } = after;
    if (before.claimedBy !== after.claimedBy) {
        const modes = { StatefulSet: "distributed", PersistentVolumeClaim: "standalone" };
        return [
            {
                name,
                change: changed("objectStore.mode", modes[before.claimedBy], modes[after.claimedBy]),
                meaning:
                    "the new servers start with empty volumes, and the chart deletes a single server's volume",
                procedure: restored(name),
            },
        ];
    }
    return [
        ...countChanges(before, after),
        ...classChange(before, after),
        ...sizeChange(before, after),
        ...formatChange(before, after),
    ];
}

function countChanges(before: DataVolumes, after: DataVolumes): DataChange[] {
    const { name } = after;
    const setting = SETTINGS[name]?.pods;
    const broker = name === "kafka";
    const change = (key: string, old: number, wanted: number): DataChange[] =>
        old === wanted
            ? []
            : [
                  {
                      name,
                      change: changed(key, old, wanted),
                      meaning: broker
                          ? "every broker is a controller, and a quorum with static voters cannot change: the new set of brokers never elects a leader"
                          : "MinIO distributes each object over exactly the servers and drives that it began with, and does not start with others",
                      procedure: rebuilt(broker ? "kafka" : "minio", after),
                  },
              ];
    return setting === undefined
        ? []
        : [
              ...change(setting, before.pods, after.pods),
              ...change("objectStore.drivesPerNode", before.volumesPerPod, after.volumesPerPod),
          ];
}

function classChange(before: DataVolumes, after: DataVolumes): DataChange[] {
    const known = before.size !== undefined;
    // A claim that named no class got the cluster's default.
    const defaulted = after.claimedBy === "PersistentVolumeClaim" && after.storageClass === undefined;
    return !known || defaulted || before.storageClass === after.storageClass
        ? []
        : [
              {
                  name: after.name,
                  change: changed(
                      "storageClass (or flts:volumes.retain)",
                      before.storageClass ?? "the cluster's default",
                      after.storageClass ?? "the cluster's default",
                  ),
                  meaning: "a volume's class cannot change; the StatefulSet or claim would be replaced",
                  procedure: movedVolume(after),
              },
          ];
}

function sizeChange(before: DataVolumes, after: DataVolumes): DataChange[] {
    const setting = SETTINGS[after.name]?.storage;
    if (before.size === undefined || after.size === undefined || setting === undefined) {
        return [];
    }
    const [old, wanted] = [quantity(before.size), quantity(after.size)];
    const grows = wanted > old;
    // A claim of its own grows in place; the template of a StatefulSet cannot change.
    if (wanted === old || (grows && after.claimedBy === "PersistentVolumeClaim")) {
        return [];
    }
    return [
        {
            name: after.name,
            change: changed(setting, before.size, after.size),
            meaning: grows
                ? "the template of a StatefulSet's claims cannot change; it would be replaced, and its volumes would keep their size"
                : "a volume cannot shrink",
            procedure: grows ? grownVolume(after) : movedVolume(after),
        },
    ];
}

function formatChange(before: DataVolumes, after: DataVolumes): DataChange[] {
    return before.format === undefined || after.format === undefined || before.format === after.format
        ? []
        : [
              {
                  name: after.name,
                  change: changed("postgres.version", major(before.format), major(after.format)),
                  meaning: "the new server does not read the old one's files, and would not start",
                  procedure: `set flts:postgres.version to ${major(before.format)}, which keeps the files; or later, for the new version: ${rebuilt("postgres", after)}`,
              },
          ];
}

/** 15 of postgres-15. */
function major(format: string): string {
    return format.replace(/^postgres-/, "");
}

function identifierChange(before: string | undefined, after: string | undefined): DataChange[] {
    return before === undefined || after === undefined || before === after
        ? []
        : [
              {
                  name: "identifier",
                  change: changed("identifier", `"${before}"`, `"${after}"`),
                  meaning:
                      "datasets, models, topics and runs stay under the old identifier, where nothing reads them, and nothing is served until a new model is trained",
                  procedure:
                      "set the old identifier again; a pipeline under the new one is a stack of its own (flts:layers, docs/stacks.md)",
              },
          ];
}

function changed(setting: string, before: string | number, after: string | number): string {
    return `flts:${setting} changes from ${before} to ${after}`;
}

function grownVolume({ name }: DataVolumes): string {
    return (
        `set the new size on each claim (\`kubectl get pvc\`, then \`kubectl patch pvc CLAIM --patch ` +
        `'{"spec":{"resources":{"requests":{"storage":"SIZE"}}}}'\`, where the class allows expansion), ` +
        `\`kubectl delete statefulset ${name} --cascade=orphan\`, \`pulumi refresh\`, then update`
    );
}

function movedVolume(volumes: DataVolumes): string {
    const { name } = volumes;
    switch (name) {
        case "minio":
        case "postgres":
        case "kafka":
            return rebuilt(name, volumes);
        case "backup":
            return "set flts:backup.target, update, and copy the volume's files there";
        default:
            return `set the old value again; the metrics or logs of ${name} are on no other volume`;
    }
}

/** Recreates a server with empty volumes, and fills it. */
function rebuilt(name: keyof typeof CLAIMS, { claimedBy }: DataVolumes): string {
    const server = claimedBy === "StatefulSet" ? "statefulset" : "deployment";
    const removal = `\`kubectl delete ${server} ${name}\` and \`kubectl delete pvc --selector ${CLAIMS[name]}\``;
    return name === "kafka"
        ? "let the consumer groups read everything (Kafka only announces what is in the object store; dead letters are " +
              `lost), then ${removal}, then \`make up ALLOW_DATA_LOSS=kafka\``
        : `\`make backup\`, then ${removal}, then ${restored(name, "")}`;
}

/** Updates a server that comes up empty, and fills it. */
function restored(name: string, first = "`make backup`, then "): string {
    return (
        `${first}\`make up ALLOW_DATA_LOSS=${name}\`, then \`pulumi refresh --run-program\` and update again ` +
        "(buckets, users and databases are created again), then `make restore SNAPSHOT=latest`"
    );
}
