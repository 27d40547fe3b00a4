import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { configurationAnnotations } from "../../core/pod/configuration";
import { clientAnnotations, generatedLogin } from "../../core/data/credentials";
import { deployment } from "../../core/pod/deployment";
import { environment, fromSecret, plain, type EnvironmentVariable } from "../../core/pod/environment";
import { EVALUATOR_NAME } from "../../contract";
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

const CONFIG_DIRECTORY = "/etc/mlflow";
const CONFIGURATION = "auth.ini";
/** Key of the administrator's Secret with the whole header. */
export const AUTHORIZATION = "authorization";
/** PostgreSQL schema of the users, which backups leave out: a restore must not bring old passwords back. */
export const USERS_SCHEMA = "mlflow_auth";

/**
 * Configuration of MLflow's basic-auth app. Users have what they are granted; the password stands in the environment.
 *
 * A password takes its hash 50 ms to check, so one that was right counts for a minute.
 * Reference: https://mlflow.org/docs/latest/self-hosting/security/basic-http-auth/
 */
const AUTH_CONFIGURATION = `[mlflow]
default_permission = NO_PERMISSIONS
database_uri = ${DATABASE_URI}?options=-csearch_path%%3D${USERS_SCHEMA}
admin_username = admin
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 60
`;

/** Settings of every client, which would report its use to MLflow's makers, too. */
export const MLFLOW_CLIENT = { MLFLOW_DISABLE_TELEMETRY: true } as const;

/** Users of the tracking server: people, and the tiers that log in; `services/flts/mlflowauth` has what each may do. */
const USERS = ["admin", "train", EVALUATOR_NAME] as const;

type MlflowUser = (typeof USERS)[number];

/** Secrets of the namespace with the keys `username` and `password`, by user; `admin` also has `authorization`. */
export type MlflowLogins = Readonly<Record<MlflowUser, string>>;

/** A tracking server and the way to it. */
export interface MlflowServer {
    /** Tracking URI as pods reach it. */
    readonly trackingUri: string;
    /** What every client of the tracking server gets; an external server's login is part of it. */
    readonly connection: Connection;
    /** Undefined for a server that has no user for each tier. */
    readonly logins?: MlflowLogins | undefined;
    /** Where a cloud's load balancer serves it; undefined where none was asked for. */
    readonly loadBalancerHost?: pulumi.Output<string | undefined> | undefined;
}

/** What a tier that logs in as `user` gets. */
export function mlflowConnection({ connection, logins }: MlflowServer, user: MlflowUser): Connection {
    const login = logins === undefined ? [] : trackingLogin(logins[user]);
    return { ...connection, environment: [...connection.environment, ...login] };
}

/** What a client needs to log in, with a Secret's keys `username` and `password`. */
export function trackingLogin(secretName: string): EnvironmentVariable[] {
    return fromSecret(secretName, {
        MLFLOW_TRACKING_USERNAME: "username",
        MLFLOW_TRACKING_PASSWORD: "password",
    });
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
    /**
     * Brokers with users, where the stack has them. Trainers of 0.1.0 know no password and would make a dead letter of a
     * claim that MLflow's 401 made fail; brokers that do not admit them either keep the claim for the new ones.
     */
    readonly updatedAfter: readonly pulumi.Resource[];
}

/**
 * Tracking server: runs in PostgreSQL, artifacts in the object store.
 *
 * It hands artifacts through (`--serve-artifacts`), so that only it needs the bucket and clients need only it. Whoever
 * comes logs in, but for `/health`.
 */
export class Mlflow extends Tier implements MlflowServer {
    public readonly trackingUri: string;
    public readonly connection: Connection;
    public readonly logins: MlflowLogins;

    public constructor(name: string, args: MlflowArgs, opts?: pulumi.ComponentResourceOptions) {
        super("infrastructure:Mlflow", name, args.platform, opts);
        this.trackingUri = `http://${name}:${MLFLOW_PORT}`;
        const connections = [args.database, args.objectStore];
        this.link(connections);
        const service = this.expose(args.service, { service: MLFLOW_PORT, container: MLFLOW_PORT });
        const secrets = USERS.map((user) => this.login(user));
        this.logins = Object.fromEntries(
            USERS.map((user) => [user, secretNameOf(name, user)]),
        ) as MlflowLogins;
        const deployment = this.deployment(args, connections);
        this.connection = {
            server: name,
            serverLabels: this.podLabels,
            ports: [MLFLOW_PORT],
            environment: plain({ MLFLOW_TRACKING_URI: this.trackingUri, ...MLFLOW_CLIENT }),
            requires: [deployment, service, ...secrets],
        };
        this.registerOutputs({ trackingUri: this.trackingUri });
    }

    private deployment(args: MlflowArgs, connections: readonly Connection[]): kubernetes.apps.v1.Deployment {
        const { platform, tierName: name } = this;
        const answers = httpCheck("/health");
        const configuration = this.configurationFiles(CONFIG_DIRECTORY, {
            [CONFIGURATION]: AUTH_CONFIGURATION,
        });
        const mounts = [configuration.mount];
        const image = platform.images.reference("mlflow");
        const variables = environment(
            Tier.environmentOf(connections),
            this.serverLogin(),
            plain({
                HOME: "/tmp",
                MLFLOW_AUTH_CONFIG_PATH: `${CONFIG_DIRECTORY}/${CONFIGURATION}`,
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
                    container({
                        name: "users",
                        image,
                        command: ["python", "-m", "flts.mlflowauth"],
                        environment: environment(variables, this.passwords()),
                        resources: args.resources,
                        mounts,
                    }),
                ],
                annotations: {
                    ...clientAnnotations(platform),
                    ...configurationAnnotations(configuration),
                },
                volumes: [configuration.volume],
                container: {
                    name: "mlflow",
                    image,
                    command: serverCommand(args.bucket, this.allowedHosts(args.publicHosts)),
                    environment: variables,
                    ports: { http: MLFLOW_PORT },
                    resources: args.resources,
                    mounts,
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
            this.child({ dependsOn: [...Tier.requirementsOf(connections), ...args.updatedAfter] }),
        );
    }

    private login(user: MlflowUser): kubernetes.core.v1.Secret {
        const name = secretNameOf(this.tierName, user);
        return generatedLogin(name, this.tierName, this.platform, this, (password) => ({
            username: user,
            password,
            ...(user === "admin" ? { [AUTHORIZATION]: basicAuthorization(user, password) } : {}),
        })).secret;
    }

    /** Passwords of all users, as `flts.mlflowauth` takes them. */
    private passwords(): EnvironmentVariable[] {
        return USERS.flatMap((user) =>
            fromSecret(this.logins[user], { [`PASSWORD_${user.toUpperCase()}`]: "password" }),
        );
    }

    private serverLogin(): EnvironmentVariable[] {
        return fromSecret(this.logins.admin, {
            MLFLOW_AUTH_ADMIN_PASSWORD: "password",
            // Signs the form with which the administrator makes users; it is renewed with the passwords.
            MLFLOW_FLASK_SERVER_SECRET_KEY: "password",
        });
    }

    /** Names the server answers to; it refuses others, since version 3.5, against DNS rebinding. */
    private allowedHosts(publicHosts: readonly string[]): string[] {
        const inside = [this.tierName, `${this.tierName}.${this.platform.namespaceName}`];
        const names = [
            "localhost",
            "127.0.0.1",
            "[::1]",
            ...inside,
            serviceHost(this.platform, this.tierName),
            ...publicHosts,
        ];
        // In the patterns a bracket begins a list of characters.
        return [...new Set(names)].flatMap((name) => [name, `${name.replace("[", "[[]")}:*`]);
    }
}

function secretNameOf(tier: string, user: MlflowUser): string {
    return `${tier}-${user}`;
}

/** Value of the header `Authorization` (RFC 7617), for what logs in to MLflow in people's place. */
function basicAuthorization(user: string, password: pulumi.Output<string>): pulumi.Output<string> {
    return password.apply((word) => `Basic ${Buffer.from(`${user}:${word}`).toString("base64")}`);
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
        "--app-name",
        "basic-auth",
        // All addresses, IPv4 and IPv6.
        "--host",
        "",
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
