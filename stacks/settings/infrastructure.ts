import { z } from "zod";
import { POSTGRES_VERSIONS } from "../../components/infrastructure/postgres/postgresConfig";
import {
    access,
    boolean,
    choice,
    exposure,
    integer,
    optionalEndpoint,
    optionalText,
    resources,
    secretName,
    storage,
    text,
    version,
} from "./fields";

const HOST = /^[A-Za-z0-9][-A-Za-z0-9.]*$/;

/** Settings of the message broker. */
export const kafka = z
    .strictObject({
        external: z
            .strictObject({
                bootstrapServers: optionalText(
                    "Kafka to use instead of deploying one: its bootstrap servers",
                    /^[-A-Za-z0-9.]+:\d{1,5}(,[-A-Za-z0-9.]+:\d{1,5})*$/,
                    "host:port, several with commas between them",
                ),
                replicationFactor: integer("Replicas of each topic there", 3, 1, 9),
                protocol: choice(
                    "Kafka's `security.protocol` of the listener there: whether it has TLS, and whether clients sign in with a password",
                    ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
                    "PLAINTEXT",
                ),
                mechanism: choice(
                    "Kafka's `sasl.mechanism`, for the protocols with SASL",
                    ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"],
                    "SCRAM-SHA-512",
                ),
                existingSecret: secretName(
                    "Secret with `username` and `password` of a user there, for the protocols with SASL",
                ),
                caSecret: secretName(
                    "Secret with `ca.crt`, the certificates in PEM that sign the brokers'; those that the images trust when empty",
                ),
                certificateSecret: secretName(
                    "Secret with `tls.crt` and `tls.key`, the clients' certificate, if brokers require one",
                ),
                formerOwner: optionalText(
                    "Deleted stack whose topics there this one takes over, as named in the error of the Job `kafka-topics`",
                    /^[^\s@/]+\/[^\s@/]+\/[^\s@/]+@[-A-Za-z0-9]*\/[-a-z0-9]+$/,
                    "organization/project/stack@cluster/namespace",
                ),
            })
            .prefault({}),
        brokers: integer("Brokers; each is a controller too, so an odd number", 1, 1, 9),
        partitions: integer("Partitions of each working topic", 1, 1, 64),
        retentionHours: integer("Hours for which messages of the working topics are kept", 168, 1, 8760),
        retentionMegabytes: integer(
            "MiB that each partition of a topic may keep; beyond it the oldest messages are deleted",
            64,
            1,
            1_048_576,
        ),
        storage: storage("Volume of each broker", "2Gi"),
        heapMegabytes: integer("Java heap of a broker, in MiB", 384, 256, 16384),
        resources: resources(["kafka"], ["200m", "640Mi"], ["2", "1Gi"]),
    })
    .prefault({});

/** Settings of the object store. */
export const objectStore = z
    .strictObject({
        chart: optionalText(
            "Archive of MinIO's official chart on this machine, instead of a download from `chartRepository`; `make images` fetches it",
            /\.tgz$/,
            "a path that ends in .tgz",
        ),
        external: z
            .strictObject({
                endpoint: optionalEndpoint(
                    "Object store to use instead of deploying one: its S3 endpoint as pods reach it",
                ),
                createBuckets: boolean(
                    "Create the buckets there; false if another stack or an administrator created them",
                    true,
                ),
                credentials: choice(
                    "How services get their keys: users that the program makes by MinIO's admin API, the keys of `existingSecret` for all, or those of a Secret `<service>-object-store` for each; the last two work with any S3 store",
                    ["users", "shared", "each"],
                    "users",
                ),
                bucketPrefix: optionalText(
                    "Prefix of the buckets' names there, with given keys",
                    /^[a-z0-9][-a-z0-9]{0,40}$/,
                    "lower-case letters, digits and inner hyphens, at most 41 characters",
                ),
                region: text(
                    "Region of the store, with given keys",
                    "us-east-1",
                    /^[a-z0-9][-a-z0-9]*$/,
                    "lower-case letters, digits and inner hyphens",
                ),
                addressing: choice(
                    "With given keys: whether buckets are in the path or in the host name of the store",
                    ["path", "virtual"],
                    "path",
                ),
                caSecret: secretName(
                    "Secret with `ca.crt`, the certificates in PEM that sign its own, where the keys are given",
                ),
            })
            .prefault({}),
        mode: choice(
            "One server, or several that survive the loss of one",
            ["standalone", "distributed"],
            "standalone",
        ),
        replicas: integer("Servers of a distributed store", 4, 2, 32),
        drivesPerNode: integer("Volumes of each server of a distributed store", 1, 1, 16),
        storage: storage("Each volume", "5Gi"),
        predictionLogDays: integer(
            "Days for which prediction logs are kept, in buckets that the stack makes",
            30,
            1,
            3650,
        ),
        existingSecret: secretName(
            "Secret with rootUser and rootPassword to use, or for external.credentials shared accessKey and secretKey; one is generated when empty",
        ),
        timeoutSeconds: integer(
            "Seconds the chart's release may take before it is rolled back",
            600,
            60,
            3600,
        ),
        access: access("the object store", 29000, 9000),
        console: exposure("MinIO's web console"),
        resources: resources(["minio"], ["100m", "256Mi"], ["2", "1Gi"]),
    })
    .prefault({});

/** Settings of the database server. */
export const postgres = z
    .strictObject({
        external: z
            .strictObject({
                host: optionalText(
                    "PostgreSQL to use instead of deploying one: its host as pods reach it",
                    HOST,
                    "a host name or address without scheme and port",
                ),
                port: integer("Its port", 5432, 1, 65535),
                user: text(
                    "Role that may create roles and databases there",
                    "postgres",
                    /^[A-Za-z_][-\w]{0,62}$/,
                    "letters, digits, underscores and hyphens, at most 63 characters",
                ),
                database: text(
                    "Database of MLflow there, which the stack creates; each stack needs one of its own",
                    "mlflow",
                    /^[A-Za-z_][-\w]{0,62}$/,
                    "letters, digits, underscores and hyphens, at most 63 characters",
                ),
                sslMode: choice("Whether connections to it are encrypted", ["require", "disable"], "require"),
                caSecret: secretName(
                    "Secret with `ca.crt`, the certificates in PEM that sign its own; with it pods check its certificate and host name",
                ),
            })
            .prefault({}),
        version: version(
            "Major version of the server, whose files no other one reads; for an external server that of the programs which back it up",
            POSTGRES_VERSIONS,
            "17",
        ),
        storage: storage("Volume of the server", "2Gi"),
        existingSecret: secretName(
            "Secret with the superuser's password to use; one is generated when empty",
        ),
        access: access("PostgreSQL", 25432, 5432),
        resources: resources(["postgres"], ["100m", "128Mi"], ["1", "512Mi"]),
    })
    .prefault({});

/** Settings of the tracking server. */
export const mlflow = z
    .strictObject({
        external: z
            .strictObject({
                trackingUri: optionalEndpoint("MLflow to use instead of deploying MLflow and PostgreSQL"),
                existingSecret: secretName(
                    "Secret with `username` and `password` of a user there who may create experiments; empty if it requires no login",
                ),
                caSecret: secretName(
                    "Secret with `ca.crt`, the certificates in PEM that sign its own; those that the images trust when empty",
                ),
            })
            .prefault({}),
        service: exposure("MLflow"),
        resources: resources(["mlflow"], ["150m", "576Mi"], ["2", "1536Mi"]),
    })
    .prefault({});
