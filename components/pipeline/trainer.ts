import type * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../core/links";
import type { Platform } from "../core/platform";
import type { Resources } from "../core/pod/pod";
import { HEALTH_PORT, topicsOf, TRAINER_NAMES, type ModelType } from "../contract";
import { nodesWith, resourcesWith, type Gpu } from "./gpu";
import { aliveProbes, Worker } from "./worker";

/** How a model is trained; each field is an environment variable of `services/`. */
export interface TrainingOptions {
    /** Rows a forecast is made from. */
    readonly inputLength: number;
    /** Rows a forecast is made for. */
    readonly outputLength: number;
    readonly hiddenSize: number;
    readonly layers: number;
    readonly batchSize: number;
    readonly epochs: number;
    readonly learningRate: number;
    /** Epochs without progress after which training ends. */
    readonly patience: number;
    /** Time after which a training counts as stuck, in seconds. */
    readonly deadlineSeconds: number;
    /** MLflow experiment the runs belong to. */
    readonly experiment: string;
}

export interface TrainerArgs {
    readonly platform: Platform;
    readonly modelType: ModelType;
    /** The broker, with the topics. */
    readonly kafka: Connection;
    readonly objectStore: Connection;
    readonly mlflow: Connection;
    readonly options: TrainingOptions;
    /** Pods, to which Kafka distributes the series. */
    readonly replicas: number;
    readonly resources: Resources;
    /** GPUs of each trainer; undefined to train on the CPU. */
    readonly gpu: Gpu | undefined;
}

/** Trains one family of models on each announced dataset and records the run in MLflow. */
export class Trainer extends Worker {
    public constructor(args: TrainerArgs, opts?: pulumi.ComponentResourceOptions) {
        const { options, gpu } = args;
        const topics = topicsOf(args.platform.identifier);
        super(
            "pipeline:Trainer",
            TRAINER_NAMES[args.modelType],
            {
                platform: args.platform,
                image: gpu === undefined ? "trainer" : "trainer-cuda",
                connections: [args.kafka, args.objectStore, args.mlflow],
                values: {
                    MODEL_TYPE: args.modelType,
                    TOPIC_TRAINING_DATA: topics.trainingData,
                    TOPIC_MODEL_TRAINING: topics.modelTraining,
                    TOPIC_DLQ_MODEL_TRAINING: topics.deadModelTraining,
                    INPUT_SEQ_LEN: options.inputLength,
                    OUTPUT_SEQ_LEN: options.outputLength,
                    HIDDEN_SIZE: options.hiddenSize,
                    NUM_LAYERS: options.layers,
                    BATCH_SIZE: options.batchSize,
                    EPOCHS: options.epochs,
                    LEARNING_RATE: options.learningRate,
                    PATIENCE: options.patience,
                    TRAINING_DEADLINE_SECONDS: options.deadlineSeconds,
                    EXPERIMENT_NAME: options.experiment,
                    ...(gpu === undefined ? {} : { REQUIRE_GPU: true }),
                },
                replicas: args.replicas,
                port: HEALTH_PORT,
                probes: aliveProbes("/healthz"),
                resources: gpu === undefined ? args.resources : resourcesWith(gpu, args.resources),
                ...(gpu === undefined ? {} : { nodes: nodesWith(gpu) }),
                // Enough to return the claim; the current epoch is discarded.
                graceSeconds: 60,
            },
            opts,
        );
        this.registerOutputs({ modelType: args.modelType });
    }
}
