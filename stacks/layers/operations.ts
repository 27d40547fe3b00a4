import type { Platform } from "../../components/core/platform";
import { externalBackupBucket } from "../../components/infrastructure/external";
import { Backup } from "../../components/operations/backup";
import { bucketsOf, OBJECT_STORE_GRANTS } from "../../components/contract";
import type { Settings } from "../settings/parsed/settings";
import type { Infrastructure } from "./providedInfrastructure";

/** Backups of what the infrastructure keeps; undefined when they are switched off, or another stack has it. */
export function deployOperations(
    { infrastructure }: Settings,
    platform: Platform,
    { objectStore, mlflowDatabase }: Infrastructure,
): Backup | undefined {
    if (infrastructure.from !== "deploy" || !infrastructure.backup.enabled) {
        return undefined;
    }
    const { mlflow, backup } = infrastructure;
    const { place, logs, ...options } = backup;
    const buckets = bucketsOf(platform.bucketPrefix);
    return new Backup("backup", {
        platform,
        ...options,
        database:
            mlflow.from === "deploy" && mlflowDatabase !== undefined
                ? { ...mlflowDatabase, version: mlflow.postgres.version }
                : undefined,
        objectStore: {
            read: objectStore.connection("backup", OBJECT_STORE_GRANTS.backup),
            write: objectStore.connection("restore", OBJECT_STORE_GRANTS.restore),
        },
        buckets: Object.values(buckets).filter((bucket) => logs || bucket !== buckets.inferenceLogs),
        promotionBucket: buckets.modelPromotion,
        artifactBucket: buckets.mlflow,
        place: place.from === "bucket" ? { from: place.from, target: externalBackupBucket(place) } : place,
    });
}
