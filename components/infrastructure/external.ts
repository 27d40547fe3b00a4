import { fromSecret, plain, type EnvironmentVariable } from "../core/pod/environment";
import { fileFromSecret } from "../core/pod/secretFiles";
import { OUTSIDE, portOf, type Connection } from "../core/links";
import { signIn } from "./kafka/kafkaSecurity";
import { MLFLOW_CLIENT, trackingLogin, type MlflowServer } from "./mlflow/mlflow";
import type { ObjectStoreServer } from "./objectStore/objectStoreResources";
import type { PostgresServer } from "./postgres/postgresResources";

/*
 * External servers, outside of the namespace: in another one, or outside of the cluster. Consumers take
 * them as they take the project's own; the network is opened by port, as nobody here knows their addresses.
 */

/** User of external brokers, with the Secret that has its `username` and `password`. */
export interface KafkaLogin {
    readonly mechanism: "SCRAM-SHA-512" | "SCRAM-SHA-256" | "PLAIN";
    readonly secretName: string;
}

/** Encryption of the connections to external brokers. */
export interface KafkaTls {
    /** Secret with `ca.crt`, the authorities that sign the brokers' certificates; undefined: those that images trust. */
    readonly caSecret: string | undefined;
    /** Secret with `tls.crt` and `tls.key`, the clients' certificate; undefined where brokers ask for none. */
    readonly certificateSecret: string | undefined;
}

export interface ExternalKafka {
    /** `host:port`, with commas; brokers must advertise the ports that are named here. */
    readonly bootstrapServers: string;
    readonly login: KafkaLogin | undefined;
    readonly tls: KafkaTls | undefined;
}

export function externalKafka({ bootstrapServers, login, tls }: ExternalKafka): Connection {
    const ports = bootstrapServers.split(",").map((server) => Number(server.split(":")[1]));
    return {
        server: OUTSIDE,
        ports: [...new Set(ports)],
        environment: [
            ...plain({ KAFKA_BOOTSTRAP_SERVERS: bootstrapServers }),
            ...(tls === undefined ? [] : encryption(tls)),
            ...(login === undefined
                ? []
                : signIn(
                      login.secretName,
                      login.mechanism,
                      tls === undefined ? "SASL_PLAINTEXT" : "SASL_SSL",
                  )),
        ],
        requires: [],
    };
}

function encryption({ caSecret, certificateSecret }: KafkaTls): EnvironmentVariable[] {
    return [
        ...plain({ KAFKA_SECURITY_PROTOCOL: "SSL" }),
        ...(caSecret === undefined ? [] : fromSecret(caSecret, { KAFKA_SSL_CA_PEM: "ca.crt" })),
        ...(certificateSecret === undefined
            ? []
            : fromSecret(certificateSecret, {
                  KAFKA_SSL_CERTIFICATE_PEM: "tls.crt",
                  KAFKA_SSL_KEY_PEM: "tls.key",
              })),
    ];
}

/** @param rootSecretName Secret of the namespace with the keys `rootUser` and `rootPassword`. */
export function externalObjectStore(endpoint: string, rootSecretName: string): ObjectStoreServer {
    return { server: OUTSIDE, ports: [portOf(endpoint)], endpoint, rootSecretName };
}

/** The role need not be a superuser, so it is not taken for one. */
export function externalPostgres(
    server: Pick<PostgresServer, "host" | "port" | "user" | "sslMode" | "caSecret" | "passwordSecretName">,
): PostgresServer {
    return { server: OUTSIDE, ports: [server.port], superuser: false, ...server };
}

export interface ExternalMlflow {
    /** Tracking URI as pods reach it. */
    readonly trackingUri: string;
    /** Secret with the keys `username` and `password`; undefined where it asks for no login. */
    readonly secretName: string | undefined;
    /** Secret with `ca.crt`, the authorities that sign its certificate; undefined: those that images trust. */
    readonly caSecret: string | undefined;
}

export function externalMlflow({ trackingUri, secretName, caSecret }: ExternalMlflow): MlflowServer {
    return {
        trackingUri,
        connection: {
            server: OUTSIDE,
            ports: [portOf(trackingUri)],
            environment: [
                ...plain({ MLFLOW_TRACKING_URI: trackingUri, ...MLFLOW_CLIENT }),
                ...(secretName === undefined ? [] : trackingLogin(secretName)),
                ...(caSecret === undefined
                    ? []
                    : fileFromSecret(caSecret, { MLFLOW_TRACKING_SERVER_CERT_PATH: "ca.crt" })),
            ],
            requires: [],
        },
    };
}

/** Where backups are kept, in a bucket of an S3 store elsewhere. */
export interface BackupBucket {
    /** S3 endpoint as pods reach it. */
    readonly endpoint: string;
    readonly bucket: string;
    readonly region: string;
    /** Secret of the namespace with the keys `accessKey` and `secretKey` of who may read, write and delete there. */
    readonly secretName: string;
}

export function externalBackupBucket({ endpoint, bucket, region, secretName }: BackupBucket): Connection {
    return {
        server: OUTSIDE,
        ports: [portOf(endpoint)],
        environment: [
            ...plain({ TARGET_ENDPOINT: endpoint, TARGET_BUCKET: bucket, TARGET_REGION: region }),
            ...fromSecret(secretName, { TARGET_ACCESS_KEY: "accessKey", TARGET_SECRET_KEY: "secretKey" }),
        ],
        requires: [],
    };
}
