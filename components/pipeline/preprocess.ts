import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { contentHash } from "../core/contentHash";
import { credentialsAnnotation } from "../core/data/credentials";
import { deployment } from "../core/pod/deployment";
import { environment, plain, type EnvironmentVariable } from "../core/pod/environment";
import { selectorLabels } from "../core/labels";
import type { Connection } from "../core/links";
import type { Platform } from "../core/platform";
import { container, podTemplate, type Resources } from "../core/pod/pod";
import { SERVICE_USER } from "../core/pod/podSecurity";
import { httpCheck, probes } from "../core/pod/probes";
import { Tier } from "../core/tier";
import { BUCKETS, datasetPrefix, topicsOf } from "../contract";
import type { Dataset } from "./dataset";

/** Port on which the idle deployment answers its probes. */
const HEALTH_PORT = 8000;
/** The idle deployment only waits, until somebody runs `python main.py` in it. */
const IDLE_COMMAND = ["python", "main.py", "serve"];

/** How raw data is turned into features; each field is an environment variable of `services/`. */
export interface PreprocessOptions {
    readonly scaler: string;
    /** As text, because upstream hashes it as it was written. */
    readonly addConstant?: string | undefined;
    readonly handleNans: boolean;
    readonly nansThreshold: number;
    readonly nansMaxSteps: number;
    readonly nansDropRows: boolean;
    readonly clip: { readonly enabled: boolean; readonly method: string; readonly factor: number };
    readonly lags: { readonly count: number; readonly step: number };
    readonly timeFeatures: boolean;
    readonly holdoutFraction: number;
    readonly sampleTrainRows: number;
    readonly sampleTestRows: number;
    readonly sampleStrategy: string;
    readonly sampleSeed: number;
    readonly extraHashSalt: string;
    readonly forceReprocess: boolean;
    readonly resendClaims: boolean;
    /** How the CSVs are written. */
    readonly dataset: DatasetFormats;
    /** Rows that the trainers need: a series with fewer is rejected here. */
    readonly windows: { readonly inputLength: number; readonly outputLength: number };
}

/** How CSVs are written; `auto` and what is absent are detected. */
export interface DatasetFormats {
    /** Column to forecast; the first numeric one when absent. */
    readonly targetColumn?: string | undefined;
    readonly separator: string;
    readonly decimal: string;
    readonly thousands: string;
    readonly encoding: string;
    readonly timeColumn?: string | undefined;
    readonly timeFormat: string;
    readonly timeZone?: string | undefined;
    readonly resample?: string | undefined;
}

export interface PreprocessArgs {
    readonly platform: Platform;
    /** The broker, with the topics. */
    readonly kafka: Connection;
    readonly objectStore: Connection;
    readonly dataset: Dataset;
    readonly options: PreprocessOptions;
    readonly resources: Resources;
}

/** Turns the dataset into Parquet and announces it: once for each dataset and options, and again by hand. */
export class Preprocess extends Tier {
    /** Done when the data were processed and announced. */
    public readonly job: kubernetes.batch.v1.Job;

    public constructor(name: string, args: PreprocessArgs, opts?: pulumi.ComponentResourceOptions) {
        super("pipeline:Preprocess", name, args.platform, opts);
        const connections = [args.kafka, args.objectStore];
        this.link(connections);
        const variables = environment(Tier.environmentOf(connections), serviceEnvironment(args));
        const dependsOn = [...Tier.requirementsOf(connections), ...args.dataset.objects];
        this.job = this.run(args, variables, dependsOn);
        this.idle(args, variables, dependsOn);
        this.registerOutputs({ job: this.job.metadata.name });
    }

    private run(
        args: PreprocessArgs,
        variables: EnvironmentVariable[],
        dependsOn: pulumi.Resource[],
    ): kubernetes.batch.v1.Job {
        const image = args.platform.images.reference("preprocess");
        const work = {
            image,
            variables,
            train: args.dataset.train.digest,
            test: args.dataset.test?.digest ?? null,
        };
        return new kubernetes.batch.v1.Job(
            this.tierName,
            {
                metadata: this.jobMetadata(`${this.tierName}-${contentHash(work)}`, "job"),
                spec: {
                    backoffLimit: 3,
                    template: podTemplate({
                        labels: selectorLabels(this.identity("job")),
                        serviceAccountName: this.serviceAccount.metadata.name,
                        user: SERVICE_USER,
                        restartPolicy: "Never",
                        containers: [
                            container({
                                name: this.tierName,
                                image,
                                command: ["python", "main.py"],
                                environment: variables,
                                resources: args.resources,
                            }),
                        ],
                    }),
                },
            },
            this.child({ dependsOn }),
        );
    }

    private idle(
        args: PreprocessArgs,
        variables: EnvironmentVariable[],
        dependsOn: pulumi.Resource[],
    ): kubernetes.apps.v1.Deployment {
        const answers = httpCheck("/healthz");
        return new kubernetes.apps.v1.Deployment(
            this.tierName,
            deployment(this.metadata(this.tierName, "shell"), {
                labels: selectorLabels(this.identity("shell")),
                serviceAccountName: this.serviceAccount.metadata.name,
                replicas: 1,
                // Who runs it by hand after an update would be led to the old pod while that one ends.
                strategy: "Recreate",
                annotations: credentialsAnnotation(args.platform.credentialsEpoch),
                container: {
                    name: this.tierName,
                    image: args.platform.images.reference("preprocess"),
                    command: IDLE_COMMAND,
                    environment: variables,
                    ports: { http: HEALTH_PORT },
                    // The limits of a run, since runs by hand happen here; idle it needs next to nothing.
                    resources: {
                        requests: { cpu: "10m", memory: "64Mi" },
                        limits: args.resources.limits,
                    },
                    probes: probes({ startup: answers, readiness: answers, liveness: answers }),
                },
            }),
            this.child({ dependsOn }),
        );
    }
}

function serviceEnvironment({ platform, dataset, options }: PreprocessArgs): EnvironmentVariable[] {
    const topics = topicsOf(platform.identifier);
    return plain({
        HOME: "/tmp",
        IDENTIFIER: platform.identifier,
        LOG_LEVEL: platform.logLevel,
        INPUT_BUCKET: BUCKETS.dataset,
        INPUT_PREFIX: datasetPrefix(platform.identifier),
        OUTPUT_BUCKET: BUCKETS.processedData,
        TRAIN_FILE: dataset.train.objectName,
        TEST_FILE: dataset.test?.objectName,
        TOPIC_TRAINING_DATA: topics.trainingData,
        TOPIC_INFERENCE_DATA: topics.inferenceData,
        TOPIC_DLQ_PREPROCESS: topics.deadPreprocess,
        TARGET_COLUMN: options.dataset.targetColumn,
        CSV_SEPARATOR: options.dataset.separator,
        CSV_DECIMAL: options.dataset.decimal,
        CSV_THOUSANDS: options.dataset.thousands,
        CSV_ENCODING: options.dataset.encoding,
        CSV_TIME_COLUMN: options.dataset.timeColumn,
        CSV_TIME_FORMAT: options.dataset.timeFormat,
        CSV_TIME_ZONE: options.dataset.timeZone,
        CSV_RESAMPLE: options.dataset.resample,
        INPUT_SEQ_LEN: options.windows.inputLength,
        OUTPUT_SEQ_LEN: options.windows.outputLength,
        SCALER: options.scaler === "none" ? "" : options.scaler,
        ADD_VAL: options.addConstant,
        HANDLE_NANS: options.handleNans,
        NANS_THRESHOLD: options.nansThreshold,
        NANS_MAX_STEPS: options.nansMaxSteps,
        NANS_DROP_ROWS: options.nansDropRows,
        CLIP_ENABLE: options.clip.enabled,
        CLIP_METHOD: options.clip.method,
        CLIP_FACTOR: options.clip.factor,
        LAGS_ENABLE: options.lags.count > 0,
        LAGS_N: options.lags.count,
        LAGS_STEP: options.lags.step,
        TIME_FEATURES_ENABLE: options.timeFeatures,
        HOLDOUT_FRACTION: options.holdoutFraction,
        SAMPLE_TRAIN_ROWS: options.sampleTrainRows,
        SAMPLE_TEST_ROWS: options.sampleTestRows,
        SAMPLE_STRATEGY: options.sampleStrategy,
        SAMPLE_SEED: options.sampleSeed,
        EXTRA_HASH_SALT: options.extraHashSalt,
        FORCE_REPROCESS: options.forceReprocess,
        RESEND_CLAIMS: options.resendClaims,
    });
}
