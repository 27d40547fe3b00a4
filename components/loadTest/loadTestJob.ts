import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { LOAD_TEST_NAME } from "../contract";
import { KEPT_RUNS, ON_REQUEST } from "../core/pod/cronJob";
import { environment, plain, type EnvironmentVariable } from "../core/pod/environment";
import type { Labels } from "../core/labels";
import { container, podTemplate, type Resources } from "../core/pod/pod";
import { SERVICE_USER } from "../core/pod/podSecurity";

/** Label `app.kubernetes.io/component` of the pods of a run. */
export const RUN_COMPONENT = "run";

/** Seconds for which the reports can be collected from a pod that is done. */
const HOLD_SECONDS = 60;
/** Seconds for the start of the pod and for the requests that are under way when the time is over. */
const MARGIN_SECONDS = 120;

/** What a run must keep to be passed. */
export interface Limits {
    /** Milliseconds within which 95 of 100 forecasts must be there. */
    readonly p95Milliseconds: number;
    /** Share of all requests that may fail, from 0 to 1. */
    readonly failureRatio: number;
}

export interface LoadTestJobArgs {
    readonly labels: Labels;
    readonly serviceAccountName: pulumi.Input<string>;
    readonly image: string;
    readonly environment: readonly EnvironmentVariable[];
    readonly durationSeconds: number;
    readonly limits: Limits;
    readonly resources: Resources;
}

/**
 * Specification of a suspended CronJob: the pattern of a load test, of which `kubectl create job --from` makes one.
 *
 * It fails when a limit is not met, is never tried again, and is ended when it takes longer than it should.
 */
export function loadTestJob(args: LoadTestJobArgs): kubernetes.types.input.batch.v1.CronJobSpec {
    return {
        ...ON_REQUEST,
        concurrencyPolicy: "Forbid",
        startingDeadlineSeconds: 3600,
        successfulJobsHistoryLimit: KEPT_RUNS,
        failedJobsHistoryLimit: KEPT_RUNS,
        jobTemplate: {
            metadata: { labels: { ...args.labels } },
            spec: {
                backoffLimit: 0,
                activeDeadlineSeconds: args.durationSeconds + HOLD_SECONDS + MARGIN_SECONDS,
                template: podTemplate({
                    labels: args.labels,
                    serviceAccountName: args.serviceAccountName,
                    user: SERVICE_USER,
                    restartPolicy: "Never",
                    containers: [
                        container({
                            name: LOAD_TEST_NAME,
                            image: args.image,
                            command: ["python", "main.py"],
                            environment: environment(
                                args.environment,
                                plain({
                                    HOLD_SECONDS,
                                    P95_LIMIT_MILLISECONDS: args.limits.p95Milliseconds,
                                    FAILURE_RATIO_LIMIT: args.limits.failureRatio,
                                }),
                            ),
                            resources: args.resources,
                        }),
                    ],
                }),
            },
        },
    };
}
