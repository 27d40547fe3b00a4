import * as kubernetes from "@pulumi/kubernetes";
import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import { postgresProbe } from "../access/protocolProbes";
import { Tunnel, type Access } from "../access/tunnel";
import { contentHash } from "../core/contentHash";
import { credentialsAnnotation, existingSecretValue, generatedPassword } from "../core/credentials";
import { fromSecret, plain } from "../core/environment";
import type { Connection } from "../core/links";
import type { Platform } from "../core/platform";
import { container, podTemplate, PREPARATION_RESOURCES, type Resources } from "../core/pod";
import { commandCheck, probes } from "../core/probes";
import { Tier } from "../core/tier";
import { volumeClaim } from "../core/volumeClaim";
import {
    CONFIG_DIRECTORY,
    CREDENTIALS_DIRECTORY,
    HOST_BASED_AUTHENTICATION,
    POSTGRES_PORT,
    PREPARE_SCRIPT,
    serverCommand,
    SUPERUSER,
} from "./postgresConfig";

/** User of the official image (`postgres`). */
const POSTGRES_USER = 999;
/** Tells the provider what it would otherwise ask the server, which a preview cannot. */
const POSTGRES_VERSION = "15.0.0";

export interface PostgresArgs {
    readonly platform: Platform;
    /** Size of the volume. */
    readonly storage: string;
    readonly resources: Resources;
    /** Secret with the key `password` of the superuser, to use instead of a generated one. */
    readonly existingSecret: string | undefined;
    readonly access: Access;
}

/** PostgreSQL server, and the databases in it. See `postgres.md`. */
export class Postgres extends Tier {
    /** Host and port inside the cluster. */
    public readonly endpoint: string;
    /** Name of the Secret that holds the superuser's password. */
    public readonly superuserSecretName: string;
    private readonly statefulSet: kubernetes.apps.v1.StatefulSet;
    private readonly provider: postgresql.Provider;
    private readonly args: PostgresArgs;

    public constructor(name: string, args: PostgresArgs, opts?: pulumi.ComponentResourceOptions) {
        super("infrastructure:Postgres", name, args.platform, opts);
        this.args = args;
        this.endpoint = `${name}:${POSTGRES_PORT}`;
        this.superuserSecretName = args.existingSecret ?? `${name}-superuser`;
        const password = this.superuserPassword();
        this.service();
        this.statefulSet = this.server();
        this.provider = this.databaseProvider(password);
        this.link([]);
        this.registerOutputs({ endpoint: this.endpoint });
    }

    /**
     * Makes a database that a role of the same name owns, and gives what the role's service needs to use it.
     *
     * The role owns the database and needs no grants; grants are what goes wrong with this provider.
     */
    public database(name: string): Connection {
        const { platform } = this.args;
        const secretName = `${name}-postgres`;
        const password = generatedPassword(secretName, platform.credentialsEpoch, this.child());
        const options = this.child({ provider: this.provider, deletedWith: platform.namespaceResource });
        const role = new postgresql.Role(
            name,
            { name, login: true, password: password.result },
            { ...options, additionalSecretOutputs: ["password"] },
        );
        const database = new postgresql.Database(
            name,
            { name, owner: role.name, encoding: "UTF8", lcCollate: "C.UTF-8", lcCtype: "C.UTF-8" },
            { ...options, ...platform.guard.options },
        );
        const secret = new kubernetes.core.v1.Secret(
            secretName,
            {
                metadata: this.metadata(secretName),
                stringData: { username: name, password: password.result },
            },
            this.child(),
        );
        return {
            server: this.tierName,
            serverLabels: this.podLabels,
            ports: [POSTGRES_PORT],
            environment: [
                ...plain({ PGHOST: this.tierName, PGPORT: POSTGRES_PORT, PGDATABASE: name }),
                ...fromSecret(secretName, { PGUSER: "username", PGPASSWORD: "password" }),
            ],
            requires: [secret, database],
        };
    }

    private superuserPassword(): pulumi.Output<string> {
        const { platform, existingSecret } = this.args;
        const name = this.superuserSecretName;
        if (existingSecret !== undefined) {
            const secret = kubernetes.core.v1.Secret.get(
                name,
                pulumi.interpolate`${platform.namespace}/${existingSecret}`,
                this.child(),
            );
            return existingSecretValue(secret, "password");
        }
        const password = generatedPassword(name, platform.credentialsEpoch, this.child());
        new kubernetes.core.v1.Secret(
            name,
            { metadata: this.metadata(name), stringData: { password: password.result } },
            this.child(),
        );
        return password.result;
    }

    private service(): void {
        const name = this.tierName;
        new kubernetes.core.v1.Service(
            name,
            {
                metadata: this.metadata(name),
                spec: { selector: { ...this.podLabels }, ports: [{ name: "postgres", port: POSTGRES_PORT }] },
            },
            this.child(),
        );
    }

    private server(): kubernetes.apps.v1.StatefulSet {
        const { platform, storage, resources } = this.args;
        const name = this.tierName;
        const image = platform.images.reference("postgres");
        const data = { "pg_hba.conf": HOST_BASED_AUTHENTICATION };
        const config = new kubernetes.core.v1.ConfigMap(
            name,
            { metadata: this.metadata(name), data },
            this.child(),
        );
        const mounts = [
            { name: "data", mountPath: "/var/lib/postgresql/data" },
            { name: "config", mountPath: CONFIG_DIRECTORY, readOnly: true },
        ];
        const answers = commandCheck(["pg_isready", "--host=127.0.0.1", `--username=${SUPERUSER}`]);
        return new kubernetes.apps.v1.StatefulSet(
            name,
            {
                metadata: this.metadata(name),
                spec: {
                    serviceName: name,
                    replicas: 1,
                    selector: { matchLabels: { ...this.podLabels } },
                    template: podTemplate({
                        labels: this.podLabels,
                        serviceAccountName: this.serviceAccount.metadata.name,
                        user: POSTGRES_USER,
                        annotations: {
                            ...credentialsAnnotation(platform.credentialsEpoch),
                            "flts.io/config-checksum": contentHash(data),
                        },
                        graceSeconds: 60,
                        initContainers: [
                            container({
                                name: "prepare",
                                image,
                                command: ["/bin/sh", "-c", PREPARE_SCRIPT],
                                resources: PREPARATION_RESOURCES,
                                mounts: [
                                    ...mounts,
                                    { name: "credentials", mountPath: CREDENTIALS_DIRECTORY, readOnly: true },
                                ],
                            }),
                        ],
                        containers: [
                            container({
                                name: "postgres",
                                image,
                                command: serverCommand(),
                                ports: { postgres: POSTGRES_PORT },
                                resources,
                                mounts,
                                // SIGTERM alone would wait for every client to leave; SIGINT ends their sessions.
                                preStop: ["/bin/sh", "-c", "kill -INT 1"],
                                probes: probes({
                                    startup: answers,
                                    readiness: answers,
                                    liveness: answers,
                                    startSeconds: 300,
                                }),
                            }),
                        ],
                        volumes: [
                            { name: "config", configMap: { name: config.metadata.name } },
                            {
                                name: "credentials",
                                secret: { secretName: this.superuserSecretName, defaultMode: 0o440 },
                            },
                        ],
                    }),
                    volumeClaimTemplates: [volumeClaim("data", storage, platform.storageClass)],
                },
            },
            this.child(platform.guard.options),
        );
    }

    private databaseProvider(password: pulumi.Output<string>): postgresql.Provider {
        const { platform, access } = this.args;
        const name = this.tierName;
        const tunnel = new Tunnel(
            name,
            {
                access,
                setting: "flts:postgres.access",
                server: "PostgreSQL",
                context: platform.context,
                service: { namespace: platform.namespaceName, name },
                probe: postgresProbe,
                statefulSet: name,
                requires: [this.statefulSet],
            },
            { parent: this },
        );
        return new postgresql.Provider(
            name,
            {
                host: tunnel.host,
                port: tunnel.port,
                username: SUPERUSER,
                password: tunnel.gate(password),
                // The tunnel is encrypted by the Kubernetes API; the server itself has no certificate.
                sslmode: "disable",
                expectedVersion: POSTGRES_VERSION,
                connectTimeout: 15,
                maxConnections: 4,
            },
            { parent: this },
        );
    }
}
