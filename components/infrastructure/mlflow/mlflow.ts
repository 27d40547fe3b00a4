import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { clientAnnotations } from "../../core/data/credentials";
import { deployment } from "../../core/pod/deployment";
import { environment, plain } from "../../core/pod/environment";
import type { Exposure } from "../../core/network/exposure";
import type { Connection } from "../../core/links";
import { serviceHost, type Platform } from "../../core/platform";
import { container, type Resources } from "../../core/pod/pod";
import { httpCheck, probes } from "../../core/pod/probes";
import { Tier } from "../../core/tier";

/** Port of the tracking server. */
export const MLFLOW_PORT = 5000;

/** Host, user and password come from libpq's PG* variables, so that no argument holds a password. */
const DATABASE_URI = "postgresql+psycopg2://";

/** Settings of every client, which would report its use to MLflow's makers, too. */
export const MLFLOW_CLIENT = { MLFLOW_DISABLE_TELEMETRY: true } as const;

/** A tracking server and the way to it. */
export interface MlflowServer {
    /** Tracking URI as pods reach it. */
    readonly trackingUri: string;
    /** What a client of the tracking server gets. */
    readonly connection: Connection;
    /** Where a cloud's load balancer serves it; undefined where none was asked for. */
    readonly loadBalancerHost?: pulumi.Output<string | undefined> | undefined;
}

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
export class Mlflow extends Tier implements MlflowServer {
    public readonly trackingUri: string;
    public readonly connection: Connection;

    public constructor(name: string, args: MlflowArgs, opts?: pulumi.ComponentResourceOptions) {
        super("infrastructure:Mlflow", name, args.platform, opts);
        this.trackingUri = `http://${name}:${MLFLOW_PORT}`;
        const connections = [args.database, args.objectStore];
        this.link(connections);
        const service = this.expose(args.service, { service: MLFLOW_PORT, container: MLFLOW_PORT });
        const deployment = this.deployment(args, connections);
        this.connection = {
            server: name,
            serverLabels: this.podLabels,
            ports: [MLFLOW_PORT],
            environment: plain({ MLFLOW_TRACKING_URI: this.trackingUri, ...MLFLOW_CLIENT }),
            requires: [deployment, service],
        };
        this.registerOutputs({ trackingUri: this.trackingUri });
    }

    private deployment(args: MlflowArgs, connections: readonly Connection[]): kubernetes.apps.v1.Deployment {
        const { platform, tierName: name } = this;
        const answers = httpCheck("/health");
        const image = platform.images.reference("mlflow");
        const variables = environment(
            Tier.environmentOf(connections),
            plain({
                HOME: "/tmp",
                MLFLOW_DISABLE_TELEMETRY: true,
                // Browsers name the page that a change comes from; other pages' changes are refused.
                MLFLOW_SERVER_CORS_ALLOWED_ORIGINS: pageOrigins(args.publicHosts),
                // Asynchronous jobs are not used and cost a process each.
                MLFLOW_SERVER_ENABLE_JOB_EXECUTION: false,
            }),
        );
        return new kubernetes.apps.v1.Deployment(
            name,
            deployment(this.metadata(name), {
                ...this.pods,
                replicas: 1,
                // A new version migrates the database; the old one must not run beside it.
                strategy: "Recreate",
                initContainers: [
                    container({
                        name: "migrate",
                        image,
                        // The server itself refuses a schema that is not its own.
                        command: ["mlflow", "db", "upgrade", DATABASE_URI],
                        environment: variables,
                        resources: args.resources,
                    }),
                ],
                annotations: clientAnnotations(platform),
                container: {
                    name: "mlflow",
                    image,
                    command: serverCommand(args.bucket, this.allowedHosts(args.publicHosts)),
                    environment: variables,
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
                },
            }),
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

/** Origins of the pages that hosts serve, on whatever port. */
function pageOrigins(hosts: readonly string[]): string {
    return hosts
        .flatMap((host) => ["http", "https"].map((scheme) => `${scheme}://${host}`))
        .flatMap((origin) => [origin, `${origin}:*`])
        .join(",");
}

function serverCommand(bucket: string, allowedHosts: readonly string[]): string[] {
    return [
        "mlflow",
        "server",
        "--host",
        "0.0.0.0",
        "--port",
        String(MLFLOW_PORT),
        "--backend-store-uri",
        DATABASE_URI,
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
