import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../core/links";
import type { Platform } from "../core/platform";
import type { Resources } from "../core/pod";
import { BUCKETS, TOPICS, type ModelType } from "./contract";
import { aliveProbes, Worker } from "./worker";

/** Port of health and metrics, as upstream's clients know it. */
const EVALUATOR_PORT = 8050;

export interface EvaluatorArgs {
    readonly platform: Platform;
    /** Families that must have reported before one is promoted. */
    readonly modelTypes: readonly ModelType[];
    readonly kafka: Connection;
    readonly objectStore: Connection;
    readonly mlflow: Connection;
    readonly resources: Resources;
    /** Must be done first: the declaration of the topics. */
    readonly topics: pulumi.Resource;
}

/** Compares the trained models of one configuration and promotes the best. */
export class Evaluator extends Worker {
    public constructor(name: string, args: EvaluatorArgs, opts?: pulumi.ComponentResourceOptions) {
        super(
            "pipeline:Evaluator",
            name,
            {
                platform: args.platform,
                image: "evaluator",
                connections: [args.kafka, args.objectStore, args.mlflow],
                values: {
                    TOPIC_MODEL_TRAINING: TOPICS.modelTraining,
                    TOPIC_MODEL_SELECTED: TOPICS.modelSelected,
                    TOPIC_DLQ_MODEL_SELECTED: TOPICS.deadModelSelected,
                    EXPECTED_MODEL_TYPES: args.modelTypes.join(","),
                    PROMOTION_BUCKET: BUCKETS.modelPromotion,
                    // Upstream's name of the group, which its tools look for.
                    CONSUMER_GROUP_ID: "eval-promoter",
                },
                port: EVALUATOR_PORT,
                probes: aliveProbes("/readyz"),
                resources: args.resources,
                graceSeconds: 30,
                requires: [args.topics],
            },
            opts,
        );
        new kubernetes.core.v1.Service(
            name,
            {
                metadata: this.metadata(name),
                spec: {
                    selector: { ...this.podLabels },
                    ports: [{ name: "http", port: EVALUATOR_PORT, targetPort: "http" }],
                },
            },
            this.child(),
        );
        this.registerOutputs({ modelTypes: [...args.modelTypes] });
    }
}
