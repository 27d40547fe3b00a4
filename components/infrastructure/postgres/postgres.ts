import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { configurationAnnotations } from "../../core/pod/configuration";
import type { Access } from "../../access/tunnel";
import { credentialsAnnotation, givenOrGeneratedLogin } from "../../core/data/credentials";
import { DATA_FORMAT_LABEL } from "../../core/data/dataLayout";
import type { Platform } from "../../core/platform";
import { container, PREPARATION_RESOURCES, type Resources } from "../../core/pod/pod";
import { commandCheck, probes } from "../../core/pod/probes";
import { statefulSet } from "../../core/pod/statefulSet";
import { Tier } from "../../core/tier";
import {
    CONFIG_DIRECTORY,
    CREDENTIALS_DIRECTORY,
    HOST_BASED_AUTHENTICATION,
    POSTGRES_IMAGES,
    POSTGRES_PORT,
    POSTGRES_USER,
    postgresFormat,
    prepareScript,
    serverCommand,
    SUPERUSER,
    type PostgresVersion,
} from "./postgresConfig";
import { PostgresResources } from "./postgresResources";

export interface PostgresArgs {
    readonly platform: Platform;
    readonly version: PostgresVersion;
    /** Size of the volume. */
    readonly storage: string;
    readonly resources: Resources;
    /** Secret with the key `password` of the superuser, to use instead of a generated one. */
    readonly existingSecret: string | undefined;
    readonly access: Access;
}

/** PostgreSQL server. See `postgres.md`. */
export class Postgres extends Tier {
    /** What is in the server, and the way to it. */
    public readonly content: PostgresResources;
    private readonly args: PostgresArgs;

    public constructor(name: string, args: PostgresArgs, opts?: pulumi.ComponentResourceOptions) {
        super("infrastructure:Postgres", name, args.platform, opts);
        this.args = args;
        const { platform, access } = args;
        const superuser = givenOrGeneratedLogin(
            args.existingSecret,
            `${name}-superuser`,
            name,
            platform,
            this,
            (password) => ({ password }),
        );
        const service = this.service();
        const statefulSet = this.server(superuser.name);
        this.content = new PostgresResources(name, {
            platform,
            parent: this,
            server: {
                server: name,
                serverLabels: this.podLabels,
                ports: [POSTGRES_PORT],
                host: name,
                port: POSTGRES_PORT,
                user: SUPERUSER,
                superuser: true,
                passwordSecretName: superuser.name,
                // It has no certificate; what reaches it is let in by network policies.
                sslMode: "disable",
                caSecret: undefined,
            },
            password: superuser.value("password"),
            access,
            requires: [statefulSet, service],
            statefulSet: name,
            deletedWith: platform.namespaceResource,
        });
        this.link([]);
        this.registerOutputs({ endpoint: `${name}:${POSTGRES_PORT}` });
    }

    private service(): kubernetes.core.v1.Service {
        const name = this.tierName;
        return new kubernetes.core.v1.Service(
            name,
            {
                metadata: this.metadata(name),
                spec: { selector: { ...this.podLabels }, ports: [{ name: "postgres", port: POSTGRES_PORT }] },
            },
            this.child(),
        );
    }

    private server(superuserSecretName: string): kubernetes.apps.v1.StatefulSet {
        const { platform, version, storage, resources } = this.args;
        const name = this.tierName;
        const image = platform.images.reference(POSTGRES_IMAGES[version]);
        const configuration = this.configurationFiles(CONFIG_DIRECTORY, {
            "pg_hba.conf": HOST_BASED_AUTHENTICATION,
        });
        const mounts = [{ name: "data", mountPath: "/var/lib/postgresql/data" }, configuration.mount];
        const { labels, ...rest } = this.metadata(name);
        const metadata = { ...rest, labels: { ...labels, [DATA_FORMAT_LABEL]: postgresFormat(version) } };
        const answers = commandCheck(["pg_isready", "--host=127.0.0.1", `--username=${SUPERUSER}`]);
        return new kubernetes.apps.v1.StatefulSet(
            name,
            statefulSet(metadata, {
                serviceName: name,
                replicas: 1,
                storage,
                storageClass: platform.storageClass,
                pod: {
                    ...this.pods,
                    user: POSTGRES_USER,
                    annotations: {
                        ...credentialsAnnotation(platform.credentialsEpoch),
                        ...configurationAnnotations(configuration),
                    },
                    graceSeconds: 60,
                    initContainers: [
                        container({
                            name: "prepare",
                            image,
                            command: ["/bin/sh", "-c", prepareScript(version)],
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
                        configuration.volume,
                        {
                            name: "credentials",
                            secret: { secretName: superuserSecretName, defaultMode: 0o440 },
                        },
                    ],
                },
            }),
            this.child(platform.guard.options),
        );
    }
}
