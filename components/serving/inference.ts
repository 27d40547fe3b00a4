import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { deleteAutoscaler } from "../access/autoscaler";
import { clientAnnotations } from "../core/data/credentials";
import { deployment } from "../core/pod/deployment";
import { environment, plain, podName, type PlainValues } from "../core/pod/environment";
import type { Connection } from "../core/links";
import type { Platform } from "../core/platform";
import type { Resources } from "../core/pod/pod";
import { httpCheck, probes } from "../core/pod/probes";
import { disruptionBudget } from "../core/pod/disruptionBudget";
import { Tier } from "../core/tier";
import { bucketsOf, CONSUMER_GROUPS, kafkaName, topicsOf } from "../contract";
import { autoscalerSpec, mostReplicas, type Autoscaled, type Scaling } from "./autoscaling";
import { removeAutoscalerFirst } from "./scalingHandover";

/** Port of the forecast API. */
export const INFERENCE_PORT = 8000;

/**
 * Seconds after SIGTERM in which a pod still answers while `/ready` says no: the load balancer needs two to see it,
 * and every node about as long to take the pod out of the Service.
 */
const DRAIN_SECONDS = 5;

/** How a version differs from the stable one. */
export interface Version {
    /** Run to serve, whatever is promoted. */
    readonly runId?: string | undefined;
    /** Image of the service, with its tag or digest. */
    readonly image?: string | undefined;
}

/** How much a request of the forecast API may ask for; see inference.md. */
export interface RequestLimits {
    readonly bodyBytes: number;
    readonly bodySeconds: number;
    readonly largeBodies: number;
    readonly columns: number;
    readonly cells: number;
    readonly steps: number;
    readonly calls: number;
    readonly waiting: number;
    readonly waitingCalls: number;
}

export interface InferenceArgs {
    readonly platform: Platform;
    /** The broker, with the topics. */
    readonly kafka: Connection;
    readonly objectStore: Connection;
    /** The series that answers requests without one; the only series when undefined. */
    readonly defaultSeries: string | undefined;
    /** Models held at a time. */
    readonly modelsInMemory: number;
    readonly scaling: Scaling;
    /** Whether `/` shows forecasts and `/rows` the last rows of each series. */
    readonly page: boolean;
    readonly limits: RequestLimits;
    /** What becomes of rows with gaps, of another rate, or without a known value of the target. */
    readonly irregularRows: "reject" | "warn";
    /** Left out for the version that follows every promotion. */
    readonly version?: Version;
    readonly resources: Resources;
}

/** Forecast API: every replica learns of every promotion. */
export class Inference extends Tier {
    /** What the load balancer gets. */
    public readonly connection: Connection;
    /** Name of the headless Service, whose DNS answer lists the pods. */
    public readonly headlessName: string;

    public constructor(name: string, args: InferenceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("serving:Inference", name, args.platform, opts);
        this.headlessName = `${name}-headless`;
        // No link to MLflow: models come from the promotion bucket, where this tier may only read.
        const connections = [args.kafka, args.objectStore];
        this.link(connections);
        this.services();
        const deployment = this.deployment(args, connections);
        if (args.scaling.mode === "auto") {
            this.autoscaler(deployment, args.scaling);
        }
        disruptionBudget(name, this.metadata(name), this.podLabels, mostReplicas(args.scaling), this.child());
        this.connection = this.connectionAt(INFERENCE_PORT, [deployment]);
        this.registerOutputs({ service: name });
    }

    private services(): void {
        const name = this.tierName;
        // No pod is ready before the first model is promoted, and the promotion needs this update to continue.
        const annotations = { "pulumi.com/skipAwait": "true" };
        const ports = [{ name: "http", port: INFERENCE_PORT, targetPort: "http" }];
        new kubernetes.core.v1.Service(
            name,
            {
                metadata: { ...this.metadata(name), annotations },
                spec: { selector: { ...this.podLabels }, ports },
            },
            this.child(),
        );
        new kubernetes.core.v1.Service(
            this.headlessName,
            {
                metadata: { ...this.metadata(this.headlessName), annotations },
                spec: {
                    clusterIP: "None",
                    selector: { ...this.podLabels },
                    ports,
                },
            },
            this.child(),
        );
    }

    private deployment(
        args: InferenceArgs,
        connections: readonly Connection[],
    ): kubernetes.apps.v1.Deployment {
        const { platform, tierName: name } = this;
        const topics = topicsOf(platform.identifier);
        const buckets = bucketsOf(platform.bucketPrefix);
        return new kubernetes.apps.v1.Deployment(
            name,
            deployment(
                {
                    ...this.metadata(name),
                    annotations: {
                        // Pods are ready once a model was promoted, which on a first run is after this update:
                        // awaiting them here would end every first `pulumi up` in a timeout.
                        "pulumi.com/skipAwait": "true",
                        // A fixed number of pods takes over from the autoscaler, or from `kubectl scale`, which
                        // otherwise stay the field's owners: components/serving/autoscaling.md.
                        "pulumi.com/patchForce": "true",
                    },
                },
                {
                    ...this.pods,
                    replicas: args.scaling.mode === "fixed" ? args.scaling.replicas : undefined,
                    strategy: "RollingUpdate",
                    annotations: clientAnnotations(platform),
                    // DRAIN_SECONDS, 20 s for requests under way and 10 s for the prediction log.
                    graceSeconds: 40,
                    container: {
                        name,
                        image:
                            args.version?.image === undefined
                                ? platform.images.reference("inference")
                                : platform.images.mirrored(args.version.image),
                        command: ["python", "main.py"],
                        environment: environment(
                            Tier.environmentOf(connections),
                            plain({
                                HOME: "/tmp",
                                IDENTIFIER: platform.identifier,
                                LOG_LEVEL: platform.logLevel,
                                HEALTH_PORT: INFERENCE_PORT,
                                DRAIN_SECONDS,
                                PINNED_RUN_ID: args.version?.runId,
                                DEFAULT_SERIES: args.defaultSeries,
                                MODELS_IN_MEMORY: args.modelsInMemory,
                                PAGE: args.page,
                                ...limitVariables(args.limits),
                                PREDICT_IRREGULAR_ROWS: args.irregularRows,
                                PROMOTION_BUCKET: buckets.modelPromotion,
                                PROCESSED_BUCKET: buckets.processedData,
                                INFERENCE_LOG_BUCKET: buckets.inferenceLogs,
                                CONSUMER_GROUP_ID: kafkaName(platform.identifier, CONSUMER_GROUPS.inference),
                                TOPIC_MODEL_SELECTED: topics.modelSelected,
                                TOPIC_INFERENCE_DATA: topics.inferenceData,
                                TOPIC_PERFORMANCE_EVAL: topics.performanceEval,
                                TOPIC_DLQ_PERFORMANCE_EVAL: topics.deadPerformanceEval,
                            }),
                            [podName("POD_NAME")],
                        ),
                        ports: { http: INFERENCE_PORT },
                        resources: args.resources,
                        probes: probes({
                            startup: httpCheck("/healthz"),
                            readiness: httpCheck("/ready"),
                            liveness: httpCheck("/healthz"),
                            startSeconds: 300,
                            timeoutSeconds: 5,
                        }),
                    },
                },
            ),
            this.child({
                dependsOn: Tier.requirementsOf(connections),
                hooks: { beforeUpdate: [this.removeAutoscalerFirst()] },
            }),
        );
    }

    private removeAutoscalerFirst(): pulumi.ResourceHook {
        const { platform, tierName: name } = this;
        return removeAutoscalerFirst(name, () =>
            deleteAutoscaler(platform.context, { namespace: platform.namespaceName, name }),
        );
    }

    private autoscaler(deployment: kubernetes.apps.v1.Deployment, scaling: Autoscaled): void {
        const name = this.tierName;
        new kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
            name,
            { metadata: this.metadata(name), spec: autoscalerSpec(deployment.metadata.name, scaling) },
            this.child(),
        );
    }
}

/** The service's names of the limits. */
function limitVariables(limits: RequestLimits): PlainValues {
    return {
        PREDICT_MAX_BODY_BYTES: limits.bodyBytes,
        PREDICT_BODY_SECONDS: limits.bodySeconds,
        PREDICT_MAX_LARGE_BODIES: limits.largeBodies,
        PREDICT_MAX_COLUMNS: limits.columns,
        PREDICT_MAX_CELLS: limits.cells,
        PREDICT_MAX_STEPS: limits.steps,
        PREDICT_MAX_CALLS: limits.calls,
        PREDICT_MAX_WAITING: limits.waiting,
        PREDICT_MAX_WAITING_CALLS: limits.waitingCalls,
    };
}
