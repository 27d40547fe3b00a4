import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { clientAnnotations } from "../core/data/credentials";
import { deployment } from "../core/pod/deployment";
import { environment, plain, type PlainValues } from "../core/pod/environment";
import type { ImageName } from "../core/pod/images";
import type { Connection, MetricsEndpoint } from "../core/links";
import type { Platform } from "../core/platform";
import type { NodeChoice, Resources } from "../core/pod/pod";
import { httpCheck, probes, type Probes } from "../core/pod/probes";
import { Tier, type TierType } from "../core/tier";
import { kafkaName } from "../contract";

export interface WorkerArgs {
    readonly platform: Platform;
    readonly image: ImageName;
    /** Group in which the messages are consumed. Default: the worker's name. */
    readonly consumerGroup?: string;
    readonly connections: readonly Connection[];
    /** Environment of the service besides that of its connections. */
    readonly values: PlainValues;
    /** Default: 1, since further members of the group take memory and work only where there are partitions for them. */
    readonly replicas?: number;
    readonly port: number;
    readonly probes: Probes;
    readonly resources: Resources;
    /** Default: any node. */
    readonly nodes?: NodeChoice;
    /** Seconds to complete the current message after SIGTERM. */
    readonly graceSeconds: number;
}

/** A tier whose pods process messages, one at a time. */
export abstract class Worker extends Tier {
    public readonly metrics: MetricsEndpoint;

    protected constructor(
        type: TierType,
        name: string,
        args: WorkerArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super(type, name, args.platform, opts);
        this.metrics = this.metricsAt(args.port);
        this.link(args.connections);
        new kubernetes.apps.v1.Deployment(
            name,
            deployment(this.metadata(name), {
                ...this.pods,
                ...args.nodes,
                replicas: args.replicas ?? 1,
                // A new pod would only wait for the partitions of the pod that it replaces, and use memory meanwhile.
                strategy: "Recreate",
                annotations: clientAnnotations(args.platform),
                graceSeconds: args.graceSeconds,
                container: {
                    name,
                    image: args.platform.images.reference(args.image),
                    command: ["python", "main.py"],
                    environment: environment(
                        Tier.environmentOf(args.connections),
                        plain({
                            HOME: "/tmp",
                            IDENTIFIER: args.platform.identifier,
                            LOG_LEVEL: args.platform.logLevel,
                            HEALTH_PORT: args.port,
                            CONSUMER_GROUP_ID: kafkaName(
                                args.platform.identifier,
                                args.consumerGroup ?? name,
                            ),
                            ...args.values,
                        }),
                    ),
                    ports: { http: args.port },
                    resources: args.resources,
                    probes: args.probes,
                },
            }),
            this.child({ dependsOn: Tier.requirementsOf(args.connections) }),
        );
    }
}

/** Probes of a service that answers one path as long as its loop runs. */
export function aliveProbes(readyPath: string): Probes {
    return probes({
        startup: httpCheck("/healthz"),
        readiness: httpCheck(readyPath),
        liveness: httpCheck("/healthz"),
        // Importing the numeric libraries takes long on a busy small node.
        startSeconds: 300,
        timeoutSeconds: 5,
    });
}
