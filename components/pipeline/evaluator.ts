import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../core/links";
import type { Platform } from "../core/platform";
import type { Resources } from "../core/pod/pod";
import { bucketsOf, CONSUMER_GROUPS, topicsOf, type Floor, type ModelType } from "../contract";
import { aliveProbes, Worker } from "./worker";

/** Port of health and metrics, as upstream's clients know it. */
const EVALUATOR_PORT = 8050;

export interface EvaluatorArgs {
    readonly platform: Platform;
    /** Families that must have reported before one is promoted. */
    readonly modelTypes: readonly ModelType[];
    /** Seconds to wait for the other families once the first has reported. */
    readonly typeTimeoutSeconds: number;
    /** Whether the best so far is promoted when that time is over. */
    readonly promoteIncomplete: boolean;
    /** What a run has to beat to be promoted. */
    readonly floor: Floor;
    /** The series that upstream's pointer names where there are several; none when undefined. */
    readonly defaultSeries: string | undefined;
    /** The broker, with the topics. */
    readonly kafka: Connection;
    readonly objectStore: Connection;
    readonly mlflow: Connection;
    readonly resources: Resources;
}

/** Compares the trained models of one configuration and promotes the best. */
export class Evaluator extends Worker {
    public constructor(name: string, args: EvaluatorArgs, opts?: pulumi.ComponentResourceOptions) {
        const topics = topicsOf(args.platform.identifier);
        super(
            "pipeline:Evaluator",
            name,
            {
                platform: args.platform,
                image: "evaluator",
                consumerGroup: CONSUMER_GROUPS.evaluator,
                connections: [args.kafka, args.objectStore, args.mlflow],
                values: {
                    TOPIC_MODEL_TRAINING: topics.modelTraining,
                    TOPIC_MODEL_SELECTED: topics.modelSelected,
                    TOPIC_DLQ_MODEL_SELECTED: topics.deadModelSelected,
                    EXPECTED_MODEL_TYPES: args.modelTypes.join(","),
                    TYPE_TIMEOUT_SECONDS: args.typeTimeoutSeconds,
                    PROMOTE_INCOMPLETE: args.promoteIncomplete,
                    PROMOTION_FLOOR: args.floor,
                    DEFAULT_SERIES: args.defaultSeries,
                    PROMOTION_BUCKET: bucketsOf(args.platform.bucketPrefix).modelPromotion,
                },
                port: EVALUATOR_PORT,
                probes: aliveProbes("/readyz"),
                resources: args.resources,
                graceSeconds: 30,
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
