import { replicationFactor } from "../infrastructure/kafkaConfig";
import type { Topic } from "../infrastructure/kafkaTopics";
import type { BucketGrant } from "../infrastructure/objectStorePolicy";

/** Topics by what they carry. */
export const TOPICS = {
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

/** Buckets by what they hold. */
export const BUCKETS = {
    dataset: "dataset",
    processedData: "processed-data",
    mlflow: "mlflow",
    modelPromotion: "model-promotion",
    inferenceLogs: "inference-logs",
} as const;

/** Model families a trainer can be of. */
export const MODEL_TYPES = ["GRU", "LSTM", "PROPHET"] as const;

export type ModelType = (typeof MODEL_TYPES)[number];

/** Services with a user of their own in the object store, and all that each may do there. */
export const OBJECT_STORE_GRANTS = {
    preprocess: [
        { bucket: BUCKETS.dataset, access: "read" },
        { bucket: BUCKETS.processedData, access: "readWrite" },
    ],
    train: [{ bucket: BUCKETS.processedData, access: "read" }],
    eval: [{ bucket: BUCKETS.modelPromotion, access: "readWrite" }],
    inference: [
        { bucket: BUCKETS.modelPromotion, access: "read" },
        { bucket: BUCKETS.processedData, access: "read" },
        { bucket: BUCKETS.inferenceLogs, access: "write" },
    ],
    mlflow: [{ bucket: BUCKETS.mlflow, access: "readWrite" }],
} as const satisfies Record<string, readonly BucketGrant[]>;

const HOUR = 3_600_000;
/** Dead letters are looked at by people, who may be away for a fortnight. */
const DEAD_LETTER_HOURS = 24 * 14;

/**
 * Declarations of all topics.
 *
 * @param retentionHours how long messages of the working topics are kept.
 */
export function topicDeclarations(brokers: number, partitions: number, retentionHours: number): Topic[] {
    return Object.values(TOPICS).map((name) => {
        const dead = name.startsWith("DLQ-");
        return {
            name,
            partitions: dead ? 1 : partitions,
            replicationFactor: replicationFactor(brokers),
            config: { "retention.ms": String((dead ? DEAD_LETTER_HOURS : retentionHours) * HOUR) },
        };
    });
}
