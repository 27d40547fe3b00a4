import type { MetricsEndpoint } from "../../components/core/links";
import type { Platform } from "../../components/core/platform";
import { datasetPrefix, OBJECT_STORE_GRANTS } from "../../components/contract";
import { Dataset } from "../../components/pipeline/dataset";
import { Evaluator } from "../../components/pipeline/evaluator";
import { Preprocess } from "../../components/pipeline/preprocess";
import { Trainer } from "../../components/pipeline/trainer";
import type { InputFiles } from "../inputs/inputFiles";
import type { Settings } from "../settings/schema";
import type { Infrastructure } from "./providedInfrastructure";

/** From the CSV to a promoted model. */
export interface Pipeline {
    readonly preprocess: Preprocess;
    readonly trainers: readonly Trainer[];
    readonly evaluator: Evaluator;
    /** Where they show their figures. */
    readonly metrics: readonly MetricsEndpoint[];
}

/** Preprocessing, one trainer for each model family, and the evaluator; undefined when another stack has them. */
export function deployPipeline(
    settings: Settings,
    platform: Platform,
    { kafka, objectStore, mlflow }: Infrastructure,
    files: InputFiles,
): Pipeline | undefined {
    if (!settings.layers.includes("pipeline")) {
        return undefined;
    }
    const dataset = new Dataset("dataset", {
        objectStore,
        keyPrefix: datasetPrefix(platform.identifier),
        train: files.train,
        test: files.test,
    });
    const shared = { platform, kafka: kafka.connection };
    const preprocess = new Preprocess("preprocess", {
        ...shared,
        objectStore: objectStore.connection("preprocess", OBJECT_STORE_GRANTS.preprocess),
        dataset,
        options: { ...settings.preprocess, dataset: settings.dataset, windows: settings.training },
        resources: settings.preprocess.resources,
    });
    const training = objectStore.connection("train", OBJECT_STORE_GRANTS.train);
    const trainers = [...new Set(settings.training.models)].map(
        (modelType) =>
            new Trainer({
                ...shared,
                modelType,
                objectStore: training,
                mlflow: mlflow.connection,
                options: settings.training,
                resources: settings.training.resources,
            }),
    );
    const evaluator = new Evaluator("eval", {
        ...shared,
        modelTypes: settings.training.models,
        objectStore: objectStore.connection("eval", OBJECT_STORE_GRANTS.eval),
        mlflow: mlflow.connection,
        ...settings.evaluation,
        defaultSeries: settings.inference.defaultSeries,
    });
    const metrics = [...trainers, evaluator].map((worker) => worker.metrics);
    return { preprocess, trainers, evaluator, metrics };
}
