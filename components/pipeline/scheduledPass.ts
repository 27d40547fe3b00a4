import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { cronJobSpec, KEPT_RUNS, type ConcurrencyPolicy } from "../core/pod/cronJob";
import { environment } from "../core/pod/environment";
import { container, podTemplate } from "../core/pod/pod";
import { SERVICE_USER } from "../core/pod/podSecurity";
import { Tier } from "../core/tier";
import { preprocessEnvironment, type PreprocessArgs } from "./preprocess";

/** Seconds after which a pass is stopped: a day, because a pass over thousands of series takes hours. */
const DEADLINE_SECONDS = 86_400;

export interface ScheduledPassArgs extends Omit<PreprocessArgs, "requires"> {
    /** Cron format, in UTC. */
    readonly schedule: string;
    readonly concurrency: ConcurrencyPolicy;
    /** Whether series are processed and trained again although their files did not change. */
    readonly reprocess: boolean;
}

/**
 * Runs a pass over the bucket on a schedule, in addition to the watcher. See `preprocess.md`.
 *
 * A tier of its own, so that `kubectl exec deployment/preprocess` always finds the watcher's pod.
 */
export class ScheduledPass extends Tier {
    public constructor(name: string, args: ScheduledPassArgs, opts?: pulumi.ComponentResourceOptions) {
        super("pipeline:ScheduledPass", name, args.platform, opts);
        const connections = [args.kafka, args.objectStore];
        this.link(connections);
        new kubernetes.batch.v1.CronJob(
            name,
            {
                metadata: this.metadata(name),
                spec: cronJobSpec({
                    when: { schedule: args.schedule },
                    concurrency: args.concurrency,
                    kept: KEPT_RUNS,
                    // A second try would train again what the first one has already published.
                    retries: 0,
                    deadlineSeconds: DEADLINE_SECONDS,
                    labels: this.podLabels,
                    template: podTemplate({
                        ...this.pods,
                        user: SERVICE_USER,
                        restartPolicy: "Never",
                        containers: [
                            container({
                                name,
                                image: args.platform.images.reference("preprocess"),
                                command: ["python", "main.py", ...(args.reprocess ? ["--reprocess"] : [])],
                                environment: environment(
                                    Tier.environmentOf(connections),
                                    preprocessEnvironment(args),
                                ),
                                resources: args.resources,
                            }),
                        ],
                    }),
                }),
            },
            this.child({ dependsOn: Tier.requirementsOf(connections) }),
        );
        this.registerOutputs({ schedule: args.schedule });
    }
}
