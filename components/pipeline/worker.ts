import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { credentialsAnnotation } from "../core/credentials";
import { environment, plain, type PlainValues } from "../core/environment";
import type { ImageName } from "../core/images";
import type { Connection } from "../core/links";
import type { Platform } from "../core/platform";
import { container, podTemplate, type Resources } from "../core/pod";
import { SERVICE_USER } from "../core/podSecurity";
import { httpCheck, probes, type Probes } from "../core/probes";
import { Tier, type TierType } from "../core/tier";

export interface WorkerArgs {
    readonly platform: Platform;
    readonly image: ImageName;
    readonly connections: readonly Connection[];
    /** Environment of the service besides that of its connections. */
    readonly values: PlainValues;
    readonly port: number;
    readonly probes: Probes;
    readonly resources: Resources;
    /** Seconds to finish what is at hand after SIGTERM. */
    readonly graceSeconds: number;
    /** Must exist before the worker starts, besides what its connections require. */
    readonly requires: readonly pulumi.Resource[];
}

/** A tier of one pod that works on messages: it takes the next one when it is done with the last. */
export abstract class Worker extends Tier {
    protected readonly deployment: kubernetes.apps.v1.Deployment;

    protected constructor(
        type: TierType,
        name: string,
        args: WorkerArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super(type, name, args.platform, opts);
        this.link(args.connections);
        this.deployment = new kubernetes.apps.v1.Deployment(
            name,
            {
                metadata: this.metadata(name),
                spec: {
                    replicas: 1,
                    // A second member of the consumer group would only wait, and take memory while it does.
                    strategy: { type: "Recreate" },
                    selector: { matchLabels: { ...this.podLabels } },
                    template: podTemplate({
                        labels: this.podLabels,
                        serviceAccountName: this.serviceAccount.metadata.name,
                        user: SERVICE_USER,
                        annotations: credentialsAnnotation(args.platform.credentialsEpoch),
                        graceSeconds: args.graceSeconds,
                        containers: [
                            container({
                                name,
                                image: args.platform.images.reference(args.image),
                                command: ["python", "main.py"],
                                environment: environment(
                                    Tier.environmentOf(args.connections),
                                    plain({
                                        HOME: "/tmp",
                                        IDENTIFIER: args.platform.identifier,
                                        LOG_LEVEL: args.platform.logLevel,
                                        CONSUMER_GROUP_ID: name,
                                        ...args.values,
                                    }),
                                ),
                                ports: { http: args.port },
                                resources: args.resources,
                                probes: args.probes,
                            }),
                        ],
                    }),
                },
            },
            this.child({ dependsOn: [...Tier.requirementsOf(args.connections), ...args.requires] }),
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
