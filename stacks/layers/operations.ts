import type { Platform } from "../../components/core/platform";
import { externalBackupBucket } from "../../components/infrastructure/external";
import { Backup } from "../../components/operations/backup";
import { BUCKETS, OBJECT_STORE_GRANTS } from "../../components/contract";
import type { Settings } from "../settings/schema";
import type { Infrastructure } from "./providedInfrastructure";

/** Backups of what the infrastructure keeps; undefined when they are switched off, or another stack has it. */
export function deployOperations(
    { layers, backup }: Settings,
    platform: Platform,
    { objectStore, mlflowDatabase }: Infrastructure,
): Backup | undefined {
    if (!layers.includes("infrastructure") || !backup.enabled) {
        return undefined;
    }
    const { target, logs, ...options } = backup;
    const { endpoint, bucket, region, existingSecret } = target;
    // The schema's contradictions made sure that these three come together.
    const elsewhere = endpoint !== undefined && bucket !== undefined && existingSecret !== undefined;
    return new Backup("backup", {
        platform,
        ...options,
        database: mlflowDatabase,
        objectStore: {
            read: objectStore.connection("backup", OBJECT_STORE_GRANTS.backup),
            write: objectStore.connection("restore", OBJECT_STORE_GRANTS.restore),
        },
        buckets: Object.values(BUCKETS).filter((bucket) => logs || bucket !== BUCKETS.inferenceLogs),
        promotionBucket: BUCKETS.modelPromotion,
        artifactBucket: BUCKETS.mlflow,
        target: elsewhere
            ? externalBackupBucket({ endpoint, bucket, region, secretName: existingSecret })
            : undefined,
    });
}
