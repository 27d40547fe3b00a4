import type { Access } from "../../../components/access/tunnel";
import type { ExternalMlflow } from "../../../components/infrastructure/external";
import type { GivenStore } from "../../../components/infrastructure/objectStore/givenObjectStore";
import type { Report } from "../problems";
import type { GivenSettings } from "../schema";
import { accessOf } from "./access";
import { backupOf, type BackupSettings } from "./backup";
import { kafkaOf, type KafkaSettings } from "./kafka";

type Given<Name extends keyof GivenSettings, Keys extends keyof GivenSettings[Name]> = Pick<
    GivenSettings[Name],
    Keys
>;

/** Where MinIO's chart comes from. */
export type ChartSettings =
    | { readonly from: "archive"; readonly path: string }
    | { readonly from: "repository"; readonly repository: string };

/** The object store: deployed, or external. */
export type ObjectStoreSettings = GivenObjectStoreSettings | ManagedObjectStoreSettings;

/** Any S3 store, with buckets and keys that exist. */
export type GivenObjectStoreSettings = { readonly from: "given"; readonly bucketPrefix: string } & GivenStore;

/** MinIO, in which the program makes users and buckets. */
type ManagedObjectStoreSettings = { readonly access: Access } & Given<"objectStore", "predictionLogDays"> &
    (
        | ({ readonly from: "deploy"; readonly chart: ChartSettings } & Given<
              "objectStore",
              | "mode"
              | "replicas"
              | "drivesPerNode"
              | "storage"
              | "existingSecret"
              | "timeoutSeconds"
              | "console"
              | "resources"
          >)
        | {
              readonly from: "external";
              readonly endpoint: string;
              /** Secret with the keys `rootUser` and `rootPassword`. */
              readonly secretName: string;
              readonly createBuckets: boolean;
          }
    );

/** The database server: deployed, or external. */
export type PostgresSettings = {
    readonly access: Access;
    /** Name of MLflow's database. */
    readonly database: string;
} & Given<"postgres", "version"> &
    (
        | ({ readonly from: "deploy" } & Given<"postgres", "storage" | "existingSecret" | "resources">)
        | {
              readonly from: "external";
              readonly host: string;
              readonly port: number;
              readonly user: string;
              readonly sslMode: GivenSettings["postgres"]["external"]["sslMode"];
              readonly caSecret: string | undefined;
              /** Secret with the key `password`. */
              readonly secretName: string;
          }
    );

/** The tracking server: deployed, with its database, or external, with one of its own. */
export type MlflowSettings =
    | ({ readonly from: "deploy"; readonly postgres: PostgresSettings } & Given<
          "mlflow",
          "service" | "resources"
      >)
    | ({ readonly from: "external" } & ExternalMlflow);

/** What the pipeline and serving stand on: this stack's, each server deployed or external, or another stack's. */
export type InfrastructureSettings =
    | {
          readonly from: "deploy";
          readonly kafka: KafkaSettings;
          readonly objectStore: ObjectStoreSettings;
          readonly mlflow: MlflowSettings;
          readonly backup: BackupSettings;
      }
    | {
          readonly from: "stack";
          /** `organization/project/stack`. */
          readonly stack: string;
          /** How this stack's provider reaches the object store, in which it makes users of its own. */
          readonly objectStoreAccess: Access;
      };

export function infrastructureOf(given: GivenSettings, report: Report): InfrastructureSettings | undefined {
    const isGiven = given.objectStore.external.credentials !== "users";
    const access = isGiven ? undefined : accessOf("objectStore", given, report);
    const databaseAccess = accessOf("postgres", given, report);
    const backup = backupOf(given, report);
    if (given.layers.includes("infrastructure")) {
        const kafka = kafkaOf(given.kafka, report);
        const objectStore = isGiven
            ? givenObjectStoreOf(given.objectStore, report)
            : access && objectStoreOf(given, access, report);
        const mlflow = mlflowOf(given, databaseAccess, report);
        return (
            kafka && objectStore && mlflow && backup && { from: "deploy", kafka, objectStore, mlflow, backup }
        );
    }
    const { infrastructure: stack } = given.stacks;
    if (stack === undefined) {
        report(
            "layers",
            given.layers,
            "they need infrastructure; add it, or name the stack that has it with flts:stacks.infrastructure",
        );
        return undefined;
    }
    return access && { from: "stack", stack, objectStoreAccess: access };
}

function givenObjectStoreOf(
    { external, existingSecret }: GivenSettings["objectStore"],
    report: Report,
): GivenObjectStoreSettings | undefined {
    const { endpoint, credentials, bucketPrefix = "", region, addressing, caSecret } = external;
    if (endpoint === undefined) {
        // Reported with the other settings of a server that is not named.
        return undefined;
    }
    if (credentials === "shared" && existingSecret === undefined) {
        report(
            "objectStore.external.credentials",
            credentials,
            "needs flts:objectStore.existingSecret, a Secret with accessKey and secretKey",
        );
        return undefined;
    }
    const sharedSecret = credentials === "shared" ? existingSecret : undefined;
    return { from: "given", endpoint, bucketPrefix, region, addressing, caSecret, sharedSecret };
}

function objectStoreOf(
    { objectStore, chartRepository }: GivenSettings,
    access: Access,
    report: Report,
): ObjectStoreSettings | undefined {
    const { external, chart: archive, predictionLogDays, ...server } = objectStore;
    const shared = { access, predictionLogDays };
    const { endpoint, createBuckets } = external;
    if (endpoint === undefined) {
        const chart: ChartSettings =
            archive === undefined
                ? { from: "repository", repository: chartRepository }
                : { from: "archive", path: archive };
        return { from: "deploy", ...server, ...shared, chart };
    }
    if (server.existingSecret === undefined) {
        report(
            "objectStore.external.endpoint",
            endpoint,
            "needs flts:objectStore.existingSecret, a Secret with its rootUser and rootPassword",
        );
        return undefined;
    }
    return { from: "external", ...shared, endpoint, createBuckets, secretName: server.existingSecret };
}

function mlflowOf(
    given: GivenSettings,
    access: Access | undefined,
    report: Report,
): MlflowSettings | undefined {
    const { external, ...server } = given.mlflow;
    const { trackingUri, existingSecret: secretName, caSecret } = external;
    if (trackingUri !== undefined) {
        return { from: "external", trackingUri, secretName, caSecret };
    }
    const postgres = access && postgresOf(given.postgres, access, report);
    return postgres && { from: "deploy", ...server, postgres };
}

function postgresOf(
    { external, version, existingSecret, storage, resources }: GivenSettings["postgres"],
    access: Access,
    report: Report,
): PostgresSettings | undefined {
    const { host, port, user, sslMode, caSecret, database } = external;
    if (host === undefined) {
        return { from: "deploy", version, storage, resources, existingSecret, access, database };
    }
    if (existingSecret === undefined) {
        report(
            "postgres.external.host",
            host,
            "needs flts:postgres.existingSecret, a Secret with the password of flts:postgres.external.user",
        );
        return undefined;
    }
    const server = { host, port, user, sslMode, caSecret, database, access, version };
    return { from: "external", ...server, secretName: existingSecret };
}
