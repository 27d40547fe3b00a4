import { z } from "zod";
import { schedule } from "./cron";
import {
    boolean,
    integer,
    optionalEndpoint,
    optionalText,
    resources,
    secretName,
    storage,
    text,
} from "./fields";

/** Settings of the backups, which the stack makes that deploys the layer `infrastructure`. */
export const backup = z
    .strictObject({
        enabled: boolean("Back up the buckets and MLflow's database", true),
        schedule: schedule("When a backup runs", "17 2 * * *"),
        drillSchedule: schedule(
            "When the newest backup is restored into a scratch database and checked",
            "17 4 * * 0",
        ),
        keep: integer("Number of backups to keep", 7, 2, 1000),
        logs: boolean("Back up the prediction logs too, which are most of the objects", false),
        storage: storage("Volume of the backups; there is none with a `target`", "5Gi"),
        target: z
            .strictObject({
                endpoint: optionalEndpoint(
                    "External S3 store that keeps the backups instead of a volume: its endpoint as pods reach it",
                ),
                bucket: optionalText(
                    "Bucket there, which must exist and hold nothing else",
                    /^[a-z0-9][-a-z0-9.]{1,61}[a-z0-9]$/,
                    "lower-case letters, digits, dots and inner hyphens, 3 to 63 characters",
                ),
                region: text(
                    "Its region",
                    "us-east-1",
                    /^[a-z0-9][-a-z0-9]*$/,
                    "lower-case letters, digits and hyphens",
                ),
                existingSecret: secretName(
                    "Secret with accessKey and secretKey of a user who may read, write and delete there",
                ),
            })
            .prefault({}),
        resources: resources(["backup"], ["10m", "128Mi"], ["1", "512Mi"]),
    })
    .prefault({});
