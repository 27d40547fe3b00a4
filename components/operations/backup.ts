import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { cronJobSpec, KEPT_RUNS, ON_REQUEST } from "../core/pod/cronJob";
import { environment, plain, type EnvironmentVariable } from "../core/pod/environment";
import { selectorLabels } from "../core/labels";
import type { Connection } from "../core/links";
import type { Platform } from "../core/platform";
import { container, podTemplate, PREPARATION_RESOURCES, type Resources } from "../core/pod/pod";
import { Tier } from "../core/tier";
import { BACKUP_CRON_JOB, FETCH_STEP, RESTORE_CRON_JOB } from "../contract";
import { volumeClaim } from "../core/data/volumeClaim";
import {
    POSTGRES_IMAGES,
    POSTGRES_USER,
    type PostgresVersion,
} from "../infrastructure/postgres/postgresConfig";
import { DRILL_SCRIPT, dumpScript, RESTORE_SCRIPT, SCRATCH_DIRECTORY } from "./backupDatabase";

type Container = kubernetes.types.input.core.v1.Container;

/** CronJob that checks the newest backup. */
const DRILL_CRON_JOB = "restore-drill";

/** Where the volume of the snapshots is mounted. */
const BACKUP_DIRECTORY = "/backup";
/** Seconds after which a run is ended; the first backup copies everything. */
const DEADLINE_SECONDS = 6 * 3600;

export interface BackupArgs {
    readonly platform: Platform;
    /** MLflow's database, as its owner, and the version of the programs that copy it; undefined where MLflow is external. */
    readonly database: (Connection & { readonly version: PostgresVersion }) | undefined;
    /** The object store, as a user that reads every bucket and as one that writes them too. */
    readonly objectStore: { readonly read: Connection; readonly write: Connection };
    /** Buckets that are backed up. */
    readonly buckets: readonly string[];
    /** The one of them with the promotion pointers. */
    readonly promotionBucket: string;
    /** The one of them with MLflow's artifacts. */
    readonly artifactBucket: string;
    /** What keeps the snapshots: a volume of this size, or a bucket elsewhere. */
    readonly place:
        | { readonly from: "volume"; readonly storage: string }
        | { readonly from: "bucket"; readonly target: Connection };
    /** Cron text in UTC. */
    readonly schedule: string;
    /** Cron text in UTC. */
    readonly drillSchedule: string;
    /** Snapshots that are kept. */
    readonly keep: number;
    readonly resources: Resources;
}

/** When a CronJob runs, and what its pods do. */
interface Runs {
    readonly name: string;
    /** Undefined for one that only runs when someone asks. */
    readonly schedule: string | undefined;
    /** How often a failed run is tried again. */
    readonly retries: number;
    /** One after the other; the last is the pod's main container. */
    readonly steps: readonly [...Container[], Container];
    /** Whether the pods only read the volume. */
    readonly readOnly: boolean;
}

/** Backups of buckets and database, their restore, and the drill that tries it. See `backup.md`. */
export class Backup extends Tier {
    private readonly args: BackupArgs;
    private readonly volume: kubernetes.core.v1.PersistentVolumeClaim | undefined;

    public constructor(name: string, args: BackupArgs, opts?: pulumi.ComponentResourceOptions) {
        super("operations:Backup", name, args.platform, opts);
        this.args = args;
        const { objectStore, database, place } = args;
        const databases = database === undefined ? [] : [database];
        this.link([objectStore.read, ...databases, ...(place.from === "bucket" ? [place.target] : [])]);
        this.volume = place.from === "volume" ? this.claim(place.storage) : undefined;
        const { read, write } = objectStore;
        this.cronJob({
            name: BACKUP_CRON_JOB,
            schedule: args.schedule,
            retries: 2,
            readOnly: false,
            // This order makes one copy of things that continue changing; flts.backup.creating says how.
            steps: [
                this.step("begin", "begin", read.environment),
                ...this.databaseStep("dump", dumpScript),
                this.step("backup", "create", read.environment),
            ],
        });
        this.cronJob({
            name: DRILL_CRON_JOB,
            schedule: args.drillSchedule,
            retries: 0,
            readOnly: true,
            steps: [
                this.step(FETCH_STEP, "fetch"),
                ...this.databaseStep("database", () => DRILL_SCRIPT, []),
                this.step("verify", "verify"),
            ],
        });
        this.cronJob({
            name: RESTORE_CRON_JOB,
            schedule: undefined,
            retries: 0,
            readOnly: true,
            steps: [
                this.step(FETCH_STEP, "fetch"),
                this.step("objects", "restore", write.environment),
                ...this.databaseStep("database", () => RESTORE_SCRIPT),
                this.step("promotions", "restore-promotions", write.environment),
            ],
        });
        this.registerOutputs({ backup: BACKUP_CRON_JOB });
    }

    private claim(storage: string): kubernetes.core.v1.PersistentVolumeClaim {
        const { tierName: name, platform } = this;
        return new kubernetes.core.v1.PersistentVolumeClaim(
            name,
            {
                ...volumeClaim(name, storage, platform.storageClass),
                metadata: {
                    ...this.metadata(name),
                    // Many classes make the volume for its first pod, which is hours away.
                    annotations: { "pulumi.com/skipAwait": "true" },
                },
            },
            this.child(platform.guard.options),
        );
    }

    private cronJob({ name, schedule, retries, steps, readOnly }: Runs): kubernetes.batch.v1.CronJob {
        const { objectStore, database } = this.args;
        const connections = [
            objectStore.read,
            objectStore.write,
            ...(database === undefined ? [] : [database]),
        ];
        const labels = selectorLabels(this.identity(name));
        return new kubernetes.batch.v1.CronJob(
            name,
            {
                metadata: this.metadata(name, name),
                spec: cronJobSpec({
                    when: schedule === undefined ? ON_REQUEST : { schedule, suspend: false },
                    kept: KEPT_RUNS,
                    retries,
                    deadlineSeconds: DEADLINE_SECONDS,
                    labels,
                    template: podTemplate({
                        labels,
                        serviceAccountName: this.serviceAccount.metadata.name,
                        // One user for all steps, who can read what the others wrote.
                        user: POSTGRES_USER,
                        restartPolicy: "Never",
                        initContainers: steps.slice(0, -1),
                        containers: steps.slice(-1),
                        // A dump and, in the drill, the database that it is restored into.
                        scratch: [{ name: "scratch", gibibytes: 20 }],
                        volumes: [
                            ...(this.volume === undefined
                                ? []
                                : [
                                      {
                                          name: "backup",
                                          persistentVolumeClaim: {
                                              claimName: this.volume.metadata.name,
                                              readOnly,
                                          },
                                      },
                                  ]),
                        ],
                    }),
                }),
            },
            this.child({ dependsOn: Tier.requirementsOf(connections) }),
        );
    }

    /** A container that does one step of `flts.backup`. */
    private step(name: string, step: string, store: readonly EnvironmentVariable[] = []): Container {
        const { platform, place, buckets, promotionBucket, artifactBucket, database, keep } = this.args;
        return container({
            name,
            image: platform.images.reference("preprocess"),
            command: ["python", "-m", "flts.backup", step],
            environment: environment(
                store,
                place.from === "bucket" ? place.target.environment : plain({ BACKUP_DIRECTORY }),
                plain({
                    HOME: "/tmp",
                    IDENTIFIER: platform.identifier,
                    // `make backup` and `make restore` report what the steps log, whatever the services' level is.
                    LOG_LEVEL: "INFO",
                    SCRATCH: SCRATCH_DIRECTORY,
                    BUCKETS: buckets.filter((bucket) => bucket !== promotionBucket).join(","),
                    PROMOTION_BUCKET: promotionBucket,
                    ARTIFACT_BUCKET: artifactBucket,
                    DATABASE: database !== undefined,
                    KEEP: keep,
                    SNAPSHOT: "latest",
                }),
            ),
            resources: this.args.resources,
            mounts: [
                { name: "scratch", mountPath: SCRATCH_DIRECTORY },
                ...(place.from === "volume" ? [{ name: "backup", mountPath: BACKUP_DIRECTORY }] : []),
            ],
        });
    }

    /** A step with PostgreSQL's own programs, where there is a database: as its owner, or with other variables. */
    private databaseStep(
        name: string,
        script: (version: PostgresVersion) => string,
        variables?: readonly EnvironmentVariable[],
    ): Container[] {
        const { database } = this.args;
        return database === undefined
            ? []
            : [
                  container({
                      name,
                      image: this.platform.images.reference(POSTGRES_IMAGES[database.version]),
                      command: ["/bin/sh", "-c", script(database.version)],
                      environment: environment(variables ?? database.environment, plain({ HOME: "/tmp" })),
                      resources: PREPARATION_RESOURCES,
                      mounts: [{ name: "scratch", mountPath: SCRATCH_DIRECTORY }],
                  }),
              ];
    }
}
