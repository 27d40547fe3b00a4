import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Labels } from "../labels";

/** Ended runs of a CronJob that are kept, each way, with their logs and results. */
export const KEPT_RUNS = 3;

/** Schedule of a CronJob whose Jobs are only created on request: the field is required, and suspension disables it. */
export const ON_REQUEST = { schedule: "0 0 1 1 *", suspend: true } as const;

/** Seconds after its time in which a run may still start. Without a limit a hundred missed starts end the CronJob. */
const STARTING_DEADLINE_SECONDS = 3600;

/** What happens to a run that is due while the previous one still runs: it is skipped, or runs concurrently. */
export const CONCURRENCY_POLICIES = ["Forbid", "Allow"] as const;

export type ConcurrencyPolicy = (typeof CONCURRENCY_POLICIES)[number];

/** When and how a CronJob runs. */
export interface CronJobRuns {
    /** Cron format, in UTC. */
    readonly when: { readonly schedule: string; readonly suspend?: boolean };
    /** Default: Forbid. */
    readonly concurrency?: ConcurrencyPolicy;
    /** Ended runs that are kept, each way, with their logs. */
    readonly kept: number;
    /** Further tries of a run that failed. */
    readonly retries: number;
    /** Seconds after which a run is ended. */
    readonly deadlineSeconds: number;
    readonly labels: Labels;
    readonly template: pulumi.Input<kubernetes.types.input.core.v1.PodTemplateSpec>;
}

/** Spec of a CronJob that leaves out a run that could not start for an hour. */
export function cronJobSpec(runs: CronJobRuns): kubernetes.types.input.batch.v1.CronJobSpec {
    return {
        ...runs.when,
        timeZone: "UTC",
        concurrencyPolicy: runs.concurrency ?? "Forbid",
        startingDeadlineSeconds: STARTING_DEADLINE_SECONDS,
        successfulJobsHistoryLimit: runs.kept,
        failedJobsHistoryLimit: runs.kept,
        jobTemplate: {
            metadata: { labels: { ...runs.labels } },
            spec: {
                backoffLimit: runs.retries,
                activeDeadlineSeconds: runs.deadlineSeconds,
                template: runs.template,
            },
        },
    };
}
