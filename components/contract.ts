import type { Topic } from "./infrastructure/kafka/topic";
import type { BucketAccess, BucketGrant } from "./infrastructure/objectStore/objectStorePolicy";

/** Upstream's names of the topics, by what they carry. */
const TOPICS = {
    trainingData: "training-data",
    inferenceData: "inference-data",
    modelTraining: "model-training",
    modelSelected: "model-selected",
    performanceEval: "performance-eval",
    deadPreprocess: "DLQ-preprocess",
    deadModelTraining: "DLQ-model-training",
    deadModelSelected: "DLQ-model-selected",
    deadPerformanceEval: "DLQ-performance-eval",
} as const;

/** Topics of one pipeline by what they carry. */
export type Topics = Readonly<Record<keyof typeof TOPICS, string>>;

/**
 * A name in Kafka, of a topic or a consumer group, as the pipeline `identifier` uses it: so that pipelines that share
 * brokers never take each other's messages. Without an identifier it is upstream's own. Identifiers hold no dot, so
 * two of them never give the same name.
 */
export function kafkaName(identifier: string, name: string): string {
    return identifier === "" ? name : `${identifier}.${name}`;
}

/** Topics of the pipeline `identifier`. */
export function topicsOf(identifier: string): Topics {
    return Object.fromEntries(
        Object.entries(TOPICS).map(([use, name]) => [use, kafkaName(identifier, name)]),
    ) as Topics;
}

/** Prefix of the keys of the pipeline's raw data; services store everything else under the identifier. */
export function datasetPrefix(identifier: string): string {
    return identifier === "" ? "" : `${identifier}/`;
}

/**
 * Name of a series, which becomes a part of keys, of MLflow's names and of addresses; the services have it in
 * services/flts/common/seriesnames.py.
 */
export const SERIES_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** Buckets by what they hold. */
export const BUCKETS = {
    dataset: "dataset",
    processedData: "processed-data",
    mlflow: "mlflow",
    modelPromotion: "model-promotion",
    inferenceLogs: "inference-logs",
} as const;

/** Buckets by what they hold, with what their names begin with in the store: other people may have buckets of these names. */
export function bucketsOf(prefix: string): Readonly<Record<keyof typeof BUCKETS, string>> {
    return Object.fromEntries(
        Object.entries(BUCKETS).map(([use, name]) => [use, `${prefix}${name}`]),
    ) as Record<keyof typeof BUCKETS, string>;
}

/** Model families a trainer can be of. */
export const MODEL_TYPES = ["GRU", "LSTM", "PROPHET"] as const;

export type ModelType = (typeof MODEL_TYPES)[number];

/** Families of networks, which a GPU trains; the others compute on the CPU alone. */
export const NETWORK_TYPES: readonly ModelType[] = ["GRU", "LSTM"];

/** What a model has to beat to be promoted: nothing, repeating the last value, or that and the promoted model. */
export const FLOORS = ["none", "baseline", "champion"] as const;

export type Floor = (typeof FLOORS)[number];

/** When a changed file is trained on: whenever it changes, or where the series has no model or one that has drifted. */
export const RETRAIN_POLICIES = ["always", "drift"] as const;

export type RetrainPolicy = (typeof RETRAIN_POLICIES)[number];

/** Deployments of the trainers, which upstream's tools look for. */
export const TRAINER_NAMES = {
    GRU: "train-gru",
    LSTM: "train-lstm",
    PROPHET: "nonml-prophet",
} as const satisfies Record<ModelType, string>;

/**
 * The evaluator's objects in the cluster and its users in servers. The short name is upstream's contract: its clients
 * ask `eval:8050`, and its tools look for the Deployment. Everywhere else the word is evaluator.
 */
export const EVALUATOR_NAME = "eval";

/** CronJob that makes a pass over the bucket by schedule. */
export const SCHEDULED_PASS_NAME = "preprocess-schedule";

/** CronJob that makes a backup, and of which `make backup` makes its Jobs. */
export const BACKUP_CRON_JOB = "backup";
/** Suspended CronJob of which `make restore` makes its Jobs. */
export const RESTORE_CRON_JOB = "restore";
/** Its first step, which chooses the snapshot, or names those that are there. */
export const FETCH_STEP = "fetch";

/** CronJob of which `make load-test` makes its Jobs. */
export const LOAD_TEST_NAME = "load-test";

/** CronJob that compacts prediction logs. */
export const LOG_COMPACTION_NAME = "log-compaction";

function everyBucket(access: BucketAccess): BucketGrant[] {
    return Object.values(BUCKETS).map((bucket) => ({ bucket, access }));
}

/** Services with a user of their own in the object store, and all that each may do there. */
export const OBJECT_STORE_GRANTS = {
    preprocess: [
        // To upload the sample if there is no data.
        { bucket: BUCKETS.dataset, access: "upload" },
        { bucket: BUCKETS.dataset, access: "readWrite", keys: "*.rejected.json" },
        { bucket: BUCKETS.processedData, access: "readWrite" },
        // The logged forecasts and their models, to compare them with the actual values.
        { bucket: BUCKETS.inferenceLogs, access: "read" },
        { bucket: BUCKETS.modelPromotion, access: "read", keys: "*/current.json" },
    ],
    train: [{ bucket: BUCKETS.processedData, access: "read" }],
    [EVALUATOR_NAME]: [{ bucket: BUCKETS.modelPromotion, access: "readWrite" }],
    inference: [
        { bucket: BUCKETS.modelPromotion, access: "read" },
        { bucket: BUCKETS.processedData, access: "read" },
        { bucket: BUCKETS.inferenceLogs, access: "write" },
    ],
    [LOG_COMPACTION_NAME]: [{ bucket: BUCKETS.inferenceLogs, access: "readWrite" }],
    mlflow: [{ bucket: BUCKETS.mlflow, access: "readWrite" }],
    backup: everyBucket("read"),
    restore: everyBucket("readWrite"),
    // People and their tools upload; they cannot delete anything by mistake.
    data: [{ bucket: BUCKETS.dataset, access: "upload" }],
} as const satisfies Record<string, readonly BucketGrant[]>;

/** What a service does in Kafka: topics by what they carry, and the consumer groups it is in. */
export interface KafkaGrants {
    readonly reads?: readonly (keyof Topics)[];
    readonly writes?: readonly (keyof Topics)[];
    /** Topics whose offsets are read, but not their messages. */
    readonly describes?: readonly (keyof Topics)[];
    readonly groups?: readonly string[];
}

/** Consumer groups whose names are not their services', as upstream's tools know them. */
export const CONSUMER_GROUPS = { evaluator: "eval-promoter", inference: "batch-forecasting" } as const;

function trainerGrants(group: string): KafkaGrants {
    return { reads: ["trainingData"], writes: ["modelTraining", "deadModelTraining"], groups: [group] };
}

/** Services with a user of their own in Kafka, and all that each may do there. */
export const KAFKA_GRANTS = {
    preprocess: { writes: ["trainingData", "inferenceData", "deadPreprocess"] },
    [TRAINER_NAMES.GRU]: trainerGrants(TRAINER_NAMES.GRU),
    [TRAINER_NAMES.LSTM]: trainerGrants(TRAINER_NAMES.LSTM),
    [TRAINER_NAMES.PROPHET]: trainerGrants(TRAINER_NAMES.PROPHET),
    [EVALUATOR_NAME]: {
        reads: ["modelTraining"],
        writes: ["modelSelected", "deadModelSelected"],
        groups: [CONSUMER_GROUPS.evaluator],
    },
    inference: {
        reads: ["modelSelected", "inferenceData"],
        writes: ["performanceEval", "deadPerformanceEval"],
        groups: [CONSUMER_GROUPS.inference],
    },
    "kafka-lag": {
        describes: Object.keys(TOPICS) as (keyof Topics)[],
        groups: [...Object.values(TRAINER_NAMES), ...Object.values(CONSUMER_GROUPS)],
    },
} as const satisfies Record<string, KafkaGrants>;

/** A service with a user of its own in Kafka. */
export type KafkaUser = keyof typeof KAFKA_GRANTS;

/** All of them. */
export const KAFKA_USERS = Object.keys(KAFKA_GRANTS) as readonly KafkaUser[];

/** Port of /healthz and /metrics in the pods of services that have no port of their own. */
export const HEALTH_PORT = 8000;

/** Secret with the keys of the user `data`, and all else that an upload of a CSV needs. */
export const DATA_SECRET = "minio-data";

const HOUR = 3_600_000;
/** People read dead letters, and may be on leave for two weeks. */
const DEAD_LETTER_HOURS = 24 * 14;

export interface TopicOptions {
    readonly identifier: string;
    readonly replicationFactor: number;
    readonly partitions: number;
    /** How long messages of the working topics are kept. */
    readonly retentionHours: number;
    /** Bytes of each partition above which its oldest messages are deleted, whatever their age. */
    readonly retentionBytes: number;
}

/** The topic that records which stack owns the pipeline's topics, in brokers that other stacks may use. */
export function ownerTopic(identifier: string, replicationFactor: number): Topic {
    return {
        name: kafkaName(identifier, "flts-owner"),
        partitions: 1,
        replicationFactor,
        // Compaction keeps the last record of each key.
        config: { "cleanup.policy": "compact" },
    };
}

/** Declarations of all topics of the pipeline. */
export function topicDeclarations({
    identifier,
    replicationFactor,
    partitions,
    retentionHours,
    retentionBytes,
}: TopicOptions): Topic[] {
    return Object.values(TOPICS).map((name) => {
        const dead = name.startsWith("DLQ-");
        return {
            name: kafkaName(identifier, name),
            partitions: dead ? 1 : partitions,
            replicationFactor,
            config: {
                "retention.bytes": String(retentionBytes),
                "retention.ms": String((dead ? DEAD_LETTER_HOURS : retentionHours) * HOUR),
            },
        };
    });
}
