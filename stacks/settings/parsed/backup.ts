import type { BackupBucket } from "../../../components/infrastructure/external";
import type { Report } from "../problems";
import type { GivenSettings } from "../schema";

/** Where backups are kept: on a volume of this size, or in a bucket elsewhere. */
type BackupPlace =
    { readonly from: "volume"; readonly storage: string } | ({ readonly from: "bucket" } & BackupBucket);

/** Backups of what the infrastructure keeps, or none. */
export type BackupSettings =
    | { readonly enabled: false }
    | ({ readonly enabled: true; readonly place: BackupPlace } & Pick<
          GivenSettings["backup"],
          "schedule" | "drillSchedule" | "keep" | "logs" | "resources"
      >);

export function backupOf({ backup }: GivenSettings, report: Report): BackupSettings | undefined {
    const { enabled, storage, target, ...options } = backup;
    const place = placeOf(target, storage, report);
    if (!enabled) {
        return { enabled };
    }
    return place && { enabled, place, ...options };
}

/** A bucket is known by endpoint, name and Secret: all of them are given, or none. */
function placeOf(
    { endpoint, bucket, region, existingSecret }: GivenSettings["backup"]["target"],
    storage: string,
    report: Report,
): BackupPlace | undefined {
    if (endpoint !== undefined && bucket !== undefined && existingSecret !== undefined) {
        return { from: "bucket", endpoint, bucket, region, secretName: existingSecret };
    }
    const parts = Object.entries({ endpoint, bucket, existingSecret });
    const given = parts.filter(([, value]) => value !== undefined);
    const missing = parts.filter(([, value]) => value === undefined);
    for (const [name, value] of given) {
        report(
            `backup.target.${name}`,
            value,
            `needs ${missing.map(([other]) => `flts:backup.target.${other}`).join(" and ")} beside it; ` +
                "without any of them backups are kept on a volume of the cluster",
        );
    }
    return given.length === 0 ? { from: "volume", storage } : undefined;
}
