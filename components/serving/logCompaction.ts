import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { bucketsOf } from "../contract";
import { selectorLabels } from "../core/labels";
import type { Connection } from "../core/links";
import type { Platform } from "../core/platform";
import { cronJobSpec, KEPT_RUNS } from "../core/pod/cronJob";
import { environment, plain } from "../core/pod/environment";
import { container, podTemplate } from "../core/pod/pod";
import { SERVICE_USER } from "../core/pod/podSecurity";
import { Tier } from "../core/tier";

/** Some minutes after the hour, when its last lines have been uploaded. */
const HOURLY = "17 * * * *";
/** Seconds after which a run is ended; the next one continues where it was. */
const DEADLINE_SECONDS = 3000;
/** Where the lines of a day are put together, compressed. */
const SCRATCH_DIRECTORY = "/scratch";

export interface LogCompactionArgs {
    readonly platform: Platform;
    readonly objectStore: Connection;
}

/** Makes one object for each day and series out of the many that the forecast API writes. See `inference.md`. */
export class LogCompaction extends Tier {
    public constructor(name: string, args: LogCompactionArgs, opts?: pulumi.ComponentResourceOptions) {
        super("serving:LogCompaction", name, args.platform, opts);
        const { platform, objectStore } = args;
        this.link([objectStore]);
        const labels = selectorLabels(this.identity());
        new kubernetes.batch.v1.CronJob(
            name,
            {
                metadata: this.metadata(name),
                spec: cronJobSpec({
                    when: { schedule: HOURLY },
                    kept: KEPT_RUNS,
                    retries: 1,
                    deadlineSeconds: DEADLINE_SECONDS,
                    labels,
                    template: podTemplate({
                        labels,
                        serviceAccountName: this.serviceAccount.metadata.name,
                        user: SERVICE_USER,
                        restartPolicy: "Never",
                        scratch: [{ name: "scratch", gibibytes: 20 }],
                        containers: [
                            container({
                                name,
                                image: platform.images.reference("inference"),
                                command: ["python", "-m", "flts.predictionlogs"],
                                environment: environment(
                                    objectStore.environment,
                                    plain({
                                        HOME: "/tmp",
                                        IDENTIFIER: platform.identifier,
                                        LOG_LEVEL: platform.logLevel,
                                        INFERENCE_LOG_BUCKET: bucketsOf(platform.bucketPrefix).inferenceLogs,
                                        SCRATCH: SCRATCH_DIRECTORY,
                                    }),
                                ),
                                resources: {
                                    requests: { cpu: "10m", memory: "64Mi" },
                                    limits: { cpu: "1", memory: "256Mi" },
                                },
                                mounts: [{ name: "scratch", mountPath: SCRATCH_DIRECTORY }],
                            }),
                        ],
                    }),
                }),
            },
            this.child({ dependsOn: [...objectStore.requires] }),
        );
        this.registerOutputs({ schedule: HOURLY });
    }
}
