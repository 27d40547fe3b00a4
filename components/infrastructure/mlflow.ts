import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { credentialsAnnotation } from "../core/credentials";
import { environment, plain } from "../core/environment";
import { exposedService, reachableFromOutside, type Exposure } from "../core/exposure";
import type { Connection } from "../core/links";
import { serviceHost, type Platform } from "../core/platform";
import { container, podTemplate, type Resources } from "../core/pod";
import { SERVICE_USER } from "../core/podSecurity";
import { httpCheck, probes } from "../core/probes";
import { Tier } from "../core/tier";

/** Port of the tracking server. */
export const MLFLOW_PORT = 5000;

export interface MlflowArgs {
    readonly platform: Platform;
    /** Database that keeps experiments and runs. */
    readonly database: Connection;
    /** Object store that keeps artifacts. */
    readonly objectStore: Connection;
    /** Bucket of the artifacts. */
    readonly bucket: string;
    /** Host names under which people open it, besides the cluster's own. */
    readonly publicHosts: readonly string[];
    readonly resources: Resources;
    readonly service: Exposure;
}

/**
 * Tracking server: runs in PostgreSQL, artifacts in the object store.
 *
 * It hands artifacts through (`--serve-artifacts`), so that only it needs the bucket and clients need only it.
 */
export class Mlflow extends Tier {
    /** Tracking URI inside the cluster. */
    public readonly trackingUri: string;
    /** What a client of the tracking server gets. */
    public readonly connection: Connection;

    public constructor(name: string, args: MlflowArgs, opts?: pulumi.ComponentResourceOptions) {
        super("infrastructure:Mlflow", name, args.platform, opts);
        this.trackingUri = `http://${name}:${MLFLOW_PORT}`;
        const connections = [args.database, args.objectStore];
        this.link(connections);
        if (reachableFromOutside(args.service)) {
            this.openToOutside([MLFLOW_PORT]);
        }
        const service = new kubernetes.core.v1.Service(
            name,
            {
                metadata: this.metadata(name),
                spec: exposedService(args.service, this.podLabels, {
                    name: "http",
                    port: MLFLOW_PORT,
                    targetPort: "http",
                }),
            },
            this.child(),
        );
        const deployment = this.deployment(args, connections);
        this.connection = {
            server: name,
            serverLabels: this.podLabels,
            ports: [MLFLOW_PORT],
            environment: plain({ MLFLOW_TRACKING_URI: this.trackingUri }),
            requires: [deployment, service],
        };
        this.registerOutputs({ trackingUri: this.trackingUri });
    }

    private deployment(args: MlflowArgs, connections: readonly Connection[]): kubernetes.apps.v1.Deployment {
        const { platform, tierName: name } = this;
        const answers = httpCheck("/health");
        return new kubernetes.apps.v1.Deployment(
            name,
            {
                metadata: this.metadata(name),
                spec: {
                    replicas: 1,
                    // A new version migrates the database; the old one must not run beside it.
                    strategy: { type: "Recreate" },
                    selector: { matchLabels: { ...this.podLabels } },
                    template: podTemplate({
                        labels: this.podLabels,
                        serviceAccountName: this.serviceAccount.metadata.name,
                        user: SERVICE_USER,
                        annotations: credentialsAnnotation(platform.credentialsEpoch),
                        containers: [
                            container({
                                name: "mlflow",
                                image: platform.images.reference("mlflow"),
                                command: serverCommand(args.bucket, this.allowedHosts(args.publicHosts)),
                                environment: environment(
                                    Tier.environmentOf(connections),
                                    plain({
                                        HOME: "/tmp",
                                        MLFLOW_DISABLE_TELEMETRY: true,
                                        // Asynchronous jobs are not used and cost a process each.
                                        MLFLOW_SERVER_ENABLE_JOB_EXECUTION: false,
                                    }),
                                ),
                                ports: { http: MLFLOW_PORT },
                                resources: args.resources,
                                probes: probes({
                                    startup: answers,
                                    readiness: answers,
                                    liveness: answers,
                                    startSeconds: 300,
                                    timeoutSeconds: 10,
                                }),
                                preStop: ["sleep", "3"],
                            }),
                        ],
                    }),
                },
            },
            this.child({ dependsOn: Tier.requirementsOf(connections) }),
        );
    }

    /** Names the server answers to; it refuses others, since version 3.5, against DNS rebinding. */
    private allowedHosts(publicHosts: readonly string[]): string[] {
        const inside = [this.tierName, `${this.tierName}.${this.platform.namespaceName}`];
        const names = [
            "localhost",
            "127.0.0.1",
            ...inside,
            serviceHost(this.platform, this.tierName),
            ...publicHosts,
        ];
        return [...new Set(names)].flatMap((name) => [name, `${name}:*`]);
    }
}

function serverCommand(bucket: string, allowedHosts: readonly string[]): string[] {
    return [
        "mlflow",
        "server",
        "--host",
        "0.0.0.0",
        "--port",
        String(MLFLOW_PORT),
        // Host, user and password come from libpq's PG* variables, so that no argument holds a password.
        "--backend-store-uri",
        "postgresql+psycopg2://",
        "--serve-artifacts",
        "--artifacts-destination",
        `s3://${bucket}`,
        // Each worker takes 300 MiB and more; one serves the few clients of a pipeline.
        "--workers",
        "1",
        "--allowed-hosts",
        allowedHosts.join(","),
    ];
}
