import type { MetricsEndpoint } from "../../components/core/links";
import type { Platform } from "../../components/core/platform";
import {
    bucketsOf,
    DATA_SECRET,
    datasetPrefix,
    EVALUATOR_NAME,
    NETWORK_TYPES,
    OBJECT_STORE_GRANTS,
    SCHEDULED_PASS_NAME,
    TRAINER_NAMES,
    type ModelType,
} from "../../components/contract";
import { mlflowConnection } from "../../components/infrastructure/mlflow/mlflow";
import { Evaluator } from "../../components/pipeline/evaluator";
import { FormerDataset } from "../../components/pipeline/formerDataset";
import { Preprocess } from "../../components/pipeline/preprocess";
import { ScheduledPass } from "../../components/pipeline/scheduledPass";
import type { Gpu } from "../../components/pipeline/gpu";
import { Trainer } from "../../components/pipeline/trainer";
import type { Settings } from "../settings/parsed/settings";
import type { Infrastructure } from "./providedInfrastructure";

/** From the CSVs in the bucket to a promoted model. */
export interface Pipeline {
    readonly preprocess: Preprocess;
    readonly trainers: readonly Trainer[];
    readonly evaluator: Evaluator;
    /** Where they expose their metrics. */
    readonly metrics: readonly MetricsEndpoint[];
    /** Secret with what an upload of a CSV needs. */
    readonly dataSecretName: string;
}

/**
 * Preprocessing, one trainer for each model family, and the evaluator; undefined when another stack has them.
 *
 * @param formerFiles files of the dataset that version 0.1.0 kept in the stack's state.
 */
export function deployPipeline(
    settings: Settings,
    platform: Platform,
    { kafka, objectStore, mlflow }: Infrastructure,
    formerFiles: readonly string[],
): Pipeline | undefined {
    if (!settings.layers.includes("pipeline")) {
        return undefined;
    }
    const keyPrefix = datasetPrefix(platform.identifier);
    const former =
        formerFiles.length === 0 || objectStore.own === undefined
            ? []
            : new FormerDataset("dataset", { objectStore: objectStore.own, keyPrefix, files: formerFiles })
                  .objects;
    objectStore.login("data", DATA_SECRET, OBJECT_STORE_GRANTS.data, {
        bucket: bucketsOf(platform.bucketPrefix).dataset,
        prefix: keyPrefix,
    });
    const processing = {
        platform,
        kafka: kafka.connection("preprocess"),
        objectStore: objectStore.connection("preprocess", OBJECT_STORE_GRANTS.preprocess),
        dataset: settings.dataset,
        options: { ...settings.preprocess, windows: settings.training },
        resources: settings.preprocess.resources,
    };
    const preprocess = new Preprocess("preprocess", {
        ...processing,
        // While the old pod names the former files, an update that was cut off finds them again.
        requires: former,
    });
    const { schedule, scheduleConcurrency, scheduleReprocess } = settings.preprocess;
    if (schedule !== undefined) {
        new ScheduledPass(SCHEDULED_PASS_NAME, {
            ...processing,
            schedule,
            concurrency: scheduleConcurrency,
            reprocess: scheduleReprocess,
        });
    }
    const training = objectStore.connection("train", OBJECT_STORE_GRANTS.train);
    const trainers = [...new Set(settings.training.models)].map(
        (modelType) =>
            new Trainer({
                platform,
                kafka: kafka.connection(TRAINER_NAMES[modelType]),
                modelType,
                objectStore: training,
                mlflow: mlflowConnection(mlflow, "train"),
                options: settings.training,
                replicas: settings.training.replicas[modelType],
                resources: settings.training.resources,
                gpu: gpuOf(modelType, settings),
            }),
    );
    const evaluator = new Evaluator(EVALUATOR_NAME, {
        platform,
        kafka: kafka.connection(EVALUATOR_NAME),
        modelTypes: settings.training.models,
        objectStore: objectStore.connection(EVALUATOR_NAME, OBJECT_STORE_GRANTS[EVALUATOR_NAME]),
        mlflow: mlflowConnection(mlflow, EVALUATOR_NAME),
        ...settings.evaluator,
        defaultSeries: settings.inference.defaultSeries,
    });
    const metrics = [preprocess, ...trainers, evaluator].map((tier) => tier.metrics);
    return { preprocess, trainers, evaluator, metrics, dataSecretName: DATA_SECRET };
}

/** What the trainers of a family get of GPUs. */
function gpuOf(modelType: ModelType, { training: { gpu } }: Settings): Gpu | undefined {
    return gpu.count > 0 && NETWORK_TYPES.includes(modelType) ? gpu : undefined;
}
