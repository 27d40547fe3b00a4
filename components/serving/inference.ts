import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { credentialsAnnotation } from "../core/credentials";
import { environment, plain, podName } from "../core/environment";
import type { Connection } from "../core/links";
import type { Platform } from "../core/platform";
import { container, podTemplate, type Resources } from "../core/pod";
import { SERVICE_USER } from "../core/podSecurity";
import { httpCheck, probes } from "../core/probes";
import { disruptionBudget } from "../core/replicas";
import { Tier } from "../core/tier";
import { BUCKETS, TOPICS } from "../pipeline/contract";

/** Port of the forecast API. */
export const INFERENCE_PORT = 8000;

/** Keeps the autoscaler from taking pods away between two bursts; Kubernetes' own default, said openly. */
const SCALE_DOWN_WINDOW_SECONDS = 300;

/** A fixed number of pods, or one that follows the load. */
export type Scaling =
    | { readonly mode: "fixed"; readonly replicas: number }
    | {
          readonly mode: "auto";
          readonly minReplicas: number;
          readonly maxReplicas: number;
          /** Share of the requested CPU that pods are to use on average, in percent. */
          readonly targetCpuPercent: number;
      };

export interface InferenceArgs {
    readonly platform: Platform;
    readonly kafka: Connection;
    readonly objectStore: Connection;
    readonly mlflow: Connection;
    readonly scaling: Scaling;
    readonly resources: Resources;
    /** Must be done first: the declaration of the topics. */
    readonly topics: pulumi.Resource;
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
        const connections = [args.kafka, args.objectStore, args.mlflow];
        this.link(connections);
        this.services();
        const deployment = this.deployment(args, connections);
        if (args.scaling.mode === "auto") {
            this.autoscaler(deployment, args.scaling);
        }
        const least = args.scaling.mode === "auto" ? args.scaling.minReplicas : args.scaling.replicas;
        disruptionBudget(name, this.metadata(name), this.podLabels, least, this.child());
        this.connection = {
            server: name,
            serverLabels: this.podLabels,
            ports: [INFERENCE_PORT],
            environment: [],
            requires: [deployment],
        };
        this.registerOutputs({ service: name });
    }

    private services(): void {
        const name = this.tierName;
        // No pod is ready before the first model is promoted, and the promotion needs this update to go on.
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
                    // The load balancer asks each pod itself, and sooner than the endpoints are updated.
                    publishNotReadyAddresses: true,
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
        return new kubernetes.apps.v1.Deployment(
            name,
            {
                metadata: {
                    ...this.metadata(name),
                    // Pods are ready once a model was promoted, which on a first run is after this update: awaiting
                    // them here would end every first `pulumi up` in a timeout.
                    annotations: { "pulumi.com/skipAwait": "true" },
                },
                spec: {
                    // Left out under an autoscaler: two owners of one number undo each other's work.
                    ...(args.scaling.mode === "fixed" ? { replicas: args.scaling.replicas } : {}),
                    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
                    selector: { matchLabels: { ...this.podLabels } },
                    template: podTemplate({
                        labels: this.podLabels,
                        serviceAccountName: this.serviceAccount.metadata.name,
                        user: SERVICE_USER,
                        annotations: credentialsAnnotation(platform.credentialsEpoch),
                        graceSeconds: 40,
                        spread: true,
                        containers: [
                            container({
                                name,
                                image: platform.images.reference("inference"),
                                command: ["python", "main.py"],
                                environment: environment(
                                    Tier.environmentOf(connections),
                                    plain({
                                        HOME: "/tmp",
                                        IDENTIFIER: platform.identifier,
                                        LOG_LEVEL: platform.logLevel,
                                        PROMOTION_BUCKET: BUCKETS.modelPromotion,
                                        INFERENCE_LOG_BUCKET: BUCKETS.inferenceLogs,
                                        TOPIC_MODEL_SELECTED: TOPICS.modelSelected,
                                        TOPIC_INFERENCE_DATA: TOPICS.inferenceData,
                                        TOPIC_PERFORMANCE_EVAL: TOPICS.performanceEval,
                                        TOPIC_DLQ_PERFORMANCE_EVAL: TOPICS.deadPerformanceEval,
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
                                // Time for the load balancer to see the pod leave before it stops to answer.
                                preStop: ["sleep", "5"],
                            }),
                        ],
                    }),
                },
            },
            this.child({ dependsOn: [...Tier.requirementsOf(connections), args.topics] }),
        );
    }

    private autoscaler(
        deployment: kubernetes.apps.v1.Deployment,
        scaling: Extract<Scaling, { mode: "auto" }>,
    ): void {
        const name = this.tierName;
        new kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
            name,
            {
                metadata: this.metadata(name),
                spec: {
                    scaleTargetRef: {
                        apiVersion: "apps/v1",
                        kind: "Deployment",
                        name: deployment.metadata.name,
                    },
                    minReplicas: scaling.minReplicas,
                    maxReplicas: scaling.maxReplicas,
                    metrics: [
                        {
                            type: "Resource",
                            resource: {
                                name: "cpu",
                                target: { type: "Utilization", averageUtilization: scaling.targetCpuPercent },
                            },
                        },
                    ],
                    behavior: { scaleDown: { stabilizationWindowSeconds: SCALE_DOWN_WINDOW_SECONDS } },
                },
            },
            this.child(),
        );
    }
}
