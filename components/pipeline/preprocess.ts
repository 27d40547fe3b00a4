import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { clientAnnotations } from "../core/data/credentials";
import { deployment } from "../core/pod/deployment";
import { environment, plain, type EnvironmentVariable } from "../core/pod/environment";
import type { Connection, MetricsEndpoint } from "../core/links";
import type { Platform } from "../core/platform";
import type { Resources } from "../core/pod/pod";
import { Tier } from "../core/tier";
import { bucketsOf, datasetPrefix, HEALTH_PORT, topicsOf, type RetrainPolicy } from "../contract";
import { aliveProbes } from "./worker";

/** Seconds to complete the current series after SIGTERM; an interrupted one is processed again by the next pod. */
const GRACE_SECONDS = 60;

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
    readonly driftFactor: number;
    /** When a changed file is trained on. */
    readonly retrain: RetrainPolicy;
    /** Shortest time between two trainings of a series, where they depend on drift. */
    readonly retrainPeriodHours: number;
    /** Rows that the trainers need: a series with fewer is rejected here. */
    readonly windows: { readonly inputLength: number; readonly outputLength: number };
}

/** What preprocess reads from the bucket `dataset`, and the formats of its CSVs; `auto` and absent ones are detected. */
export interface DatasetOptions {
    /** Seconds between two listings of the bucket. */
    readonly pollSeconds: number;
    /** Whether the sample is uploaded if no CSV was ever uploaded. */
    readonly sample: boolean;
    /** Column to forecast; the first numeric one when absent. */
    readonly targetColumn?: string | undefined;
    /** Column that says which series a row belongs to; a CSV is one series when absent. */
    readonly seriesColumn?: string | undefined;
    /** Series that a CSV may be split into. */
    readonly maxSeries: number;
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
    readonly dataset: DatasetOptions;
    readonly options: PreprocessOptions;
    readonly resources: Resources;
    /** Must be updated before the new pod replaces the old one. */
    readonly requires: readonly pulumi.Resource[];
}

/** Watches the bucket `dataset`: turns each new or changed CSV into Parquet and announces it. See `preprocess.md`. */
export class Preprocess extends Tier {
    public readonly metrics: MetricsEndpoint;

    public constructor(name: string, args: PreprocessArgs, opts?: pulumi.ComponentResourceOptions) {
        super("pipeline:Preprocess", name, args.platform, opts);
        const connections = [args.kafka, args.objectStore];
        this.metrics = this.metricsAt(HEALTH_PORT);
        this.link(connections);
        new kubernetes.apps.v1.Deployment(
            name,
            deployment(this.metadata(name), {
                ...this.pods,
                replicas: 1,
                // Two pods would process the same series at a time, and the work of one would be wasted.
                strategy: "Recreate",
                annotations: clientAnnotations(args.platform),
                graceSeconds: GRACE_SECONDS,
                container: {
                    name,
                    image: args.platform.images.reference("preprocess"),
                    command: ["python", "main.py", "serve"],
                    environment: environment(Tier.environmentOf(connections), preprocessEnvironment(args)),
                    ports: { http: HEALTH_PORT },
                    resources: args.resources,
                    probes: aliveProbes("/healthz"),
                },
            }),
            this.child({ dependsOn: [...Tier.requirementsOf(connections), ...args.requires] }),
        );
        this.registerOutputs({ bucket: bucketsOf(args.platform.bucketPrefix).dataset });
    }
}

/** Environment of a container that processes the bucket. */
export function preprocessEnvironment({
    platform,
    dataset,
    options,
}: Pick<PreprocessArgs, "platform" | "dataset" | "options">): EnvironmentVariable[] {
    const topics = topicsOf(platform.identifier);
    const buckets = bucketsOf(platform.bucketPrefix);
    return plain({
        HOME: "/tmp",
        IDENTIFIER: platform.identifier,
        LOG_LEVEL: platform.logLevel,
        HEALTH_PORT,
        INPUT_BUCKET: buckets.dataset,
        INPUT_PREFIX: datasetPrefix(platform.identifier),
        OUTPUT_BUCKET: buckets.processedData,
        PROMOTION_BUCKET: buckets.modelPromotion,
        INFERENCE_LOG_BUCKET: buckets.inferenceLogs,
        DRIFT_FACTOR: options.driftFactor,
        RETRAIN: options.retrain,
        RETRAIN_PERIOD_HOURS: options.retrainPeriodHours,
        DATASET_POLL_SECONDS: dataset.pollSeconds,
        DATASET_SAMPLE: dataset.sample,
        TOPIC_TRAINING_DATA: topics.trainingData,
        TOPIC_INFERENCE_DATA: topics.inferenceData,
        TOPIC_DLQ_PREPROCESS: topics.deadPreprocess,
        TARGET_COLUMN: dataset.targetColumn,
        SERIES_COLUMN: dataset.seriesColumn,
        MAX_SERIES: dataset.maxSeries,
        CSV_SEPARATOR: dataset.separator,
        CSV_DECIMAL: dataset.decimal,
        CSV_THOUSANDS: dataset.thousands,
        CSV_ENCODING: dataset.encoding,
        CSV_TIME_COLUMN: dataset.timeColumn,
        CSV_TIME_FORMAT: dataset.timeFormat,
        CSV_TIME_ZONE: dataset.timeZone,
        CSV_RESAMPLE: dataset.resample,
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
    });
}
