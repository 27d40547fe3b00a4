import type * as pulumi from "@pulumi/pulumi";
import type { MetricsEndpoint } from "../../components/core/links";
import type { Platform } from "../../components/core/platform";
import { ExistingObjectStore } from "../../components/infrastructure/objectStore/externalObjectStore";
import { GivenObjectStore } from "../../components/infrastructure/objectStore/givenObjectStore";
import { ExistingPostgres } from "../../components/infrastructure/postgres/externalPostgres";
import {
    externalKafka,
    externalMlflow,
    externalObjectStore,
    externalPostgres,
} from "../../components/infrastructure/external";
import { Kafka } from "../../components/infrastructure/kafka/kafka";
import { replicationFactor } from "../../components/infrastructure/kafka/kafkaConfig";
import type { KafkaClients } from "../../components/infrastructure/kafka/kafkaClients";
import { topicOwnership } from "../../components/infrastructure/kafka/topicOwnership";
import { KafkaTopics, type KafkaTopicsArgs } from "../../components/infrastructure/kafka/topics";
import { Mlflow } from "../../components/infrastructure/mlflow/mlflow";
import {
    OBJECT_STORE_METRICS,
    OBJECT_STORE_PORT,
    ObjectStore,
} from "../../components/infrastructure/objectStore/objectStore";
import { Postgres } from "../../components/infrastructure/postgres/postgres";
import type { PostgresResources } from "../../components/infrastructure/postgres/postgresResources";
import { lagExporter, postgresExporter } from "../../components/monitoring/exporters/exporters";
import { BUCKETS, bucketsOf, OBJECT_STORE_GRANTS, topicDeclarations } from "../../components/contract";
import type {
    InfrastructureSettings,
    MlflowSettings,
    ObjectStoreSettings,
    PostgresSettings,
} from "../settings/parsed/infrastructure";
import type { KafkaSettings } from "../settings/parsed/kafka";
import type { Settings } from "../settings/parsed/settings";
import { referencedInfrastructure } from "./infrastructureReference";
import type { Infrastructure } from "./providedInfrastructure";

/**
 * Message broker, object store, database and experiment tracking: made by this stack, or found in the outputs of the
 * one that `stacks.infrastructure` names.
 */
export async function provideInfrastructure(
    settings: Settings,
    platform: Platform,
    chart: string,
): Promise<Infrastructure> {
    const { infrastructure } = settings;
    return infrastructure.from === "deploy"
        ? deployInfrastructure(infrastructure, settings, platform, chart)
        : referencedInfrastructure(infrastructure, settings, platform);
}

type Deployed = Extract<InfrastructureSettings, { from: "deploy" }>;

function deployInfrastructure(
    servers: Deployed,
    settings: Settings,
    platform: Platform,
    chart: string,
): Infrastructure {
    const { brokers, ...kafka } = provideKafka(servers.kafka, platform);
    const store = provideObjectStore(servers.objectStore, platform, chart);
    const tracking = provideMlflow(servers.mlflow, settings, platform, store.objectStore, brokers);
    const metrics = [...kafka.metrics, ...store.metrics, ...tracking.metrics];
    return { ...kafka, ...store, ...tracking, metrics };
}

/** The broker, deployed or external, and the topics in it; `brokers` is what was deployed of it. */
function provideKafka(
    settings: KafkaSettings,
    platform: Platform,
): Pick<Infrastructure, "kafka" | "metrics"> & { readonly brokers: readonly pulumi.Resource[] } {
    if (settings.from === "external") {
        const external = externalKafka(settings);
        const ownership = topicOwnership(platform, settings);
        return {
            kafka: clientsOf({ external, ownership }, settings.replicationFactor, settings, platform),
            metrics: [],
            brokers: [],
        };
    }
    const own = new Kafka("kafka", { platform, ...settings });
    const kafka = clientsOf({ own }, replicationFactor(settings.brokers), settings, platform);
    const lag = lagExporter(platform, kafka.connection("kafka-lag"));
    return { kafka, metrics: [own.metrics, lag.metrics], brokers: own.connection.requires };
}

/** The brokers with their topics and users. */
function clientsOf(
    brokers: KafkaTopicsArgs["brokers"],
    factor: number,
    { partitions, retentionHours, retentionMegabytes }: KafkaSettings,
    platform: Platform,
): KafkaClients {
    const { identifier } = platform;
    const topics = topicDeclarations({
        identifier,
        replicationFactor: factor,
        partitions,
        retentionHours,
        retentionBytes: retentionMegabytes * 2 ** 20,
    });
    return new KafkaTopics("kafka-topics", { platform, brokers, topics }).clients;
}

function provideObjectStore(
    settings: ObjectStoreSettings,
    platform: Platform,
    chart: string,
): Pick<Infrastructure, "objectStore" | "metrics"> {
    if (settings.from === "given") {
        return { objectStore: new GivenObjectStore("minio", { platform, store: settings }), metrics: [] };
    }
    const buckets = Object.values(BUCKETS).map((name) =>
        name === BUCKETS.inferenceLogs ? { name, expirationDays: settings.predictionLogDays } : { name },
    );
    if (settings.from === "external") {
        const { endpoint, secretName, createBuckets, access } = settings;
        const server = externalObjectStore(endpoint, secretName);
        const store = new ExistingObjectStore("minio", { platform, server, access, buckets, createBuckets });
        return { objectStore: store.content, metrics: [] };
    }
    const store = new ObjectStore("minio", {
        platform,
        ...settings,
        existingSecret: settings.existingSecret,
        chart,
        buckets,
    });
    return {
        objectStore: store.content,
        metrics: [store.metricsAt(OBJECT_STORE_PORT, OBJECT_STORE_METRICS)],
    };
}

/** The tracking server, with its database where it is deployed. */
function provideMlflow(
    settings: MlflowSettings,
    { publicHost, ingress }: Settings,
    platform: Platform,
    objectStore: Infrastructure["objectStore"],
    brokers: readonly pulumi.Resource[],
): Pick<Infrastructure, "postgres" | "mlflowDatabase" | "mlflow" | "metrics"> {
    if (settings.from === "external") {
        return {
            postgres: undefined,
            mlflowDatabase: undefined,
            mlflow: externalMlflow(settings),
            metrics: [],
        };
    }
    const { postgres, metrics } = providePostgres(settings.postgres, platform);
    const mlflowDatabase = postgres.database("mlflow", settings.postgres.database);
    const ingressHost = ingress.enabled ? ingress.mlflow?.host : undefined;
    const mlflow = new Mlflow("mlflow", {
        platform,
        database: mlflowDatabase,
        objectStore: objectStore.connection("mlflow", OBJECT_STORE_GRANTS.mlflow),
        bucket: bucketsOf(platform.bucketPrefix).mlflow,
        publicHosts: [publicHost, ...(ingressHost === undefined ? [] : [ingressHost])],
        service: settings.service,
        resources: settings.resources,
        updatedAfter: brokers,
    });
    return { postgres, mlflowDatabase, mlflow, metrics };
}

function providePostgres(
    settings: PostgresSettings,
    platform: Platform,
): { readonly postgres: PostgresResources; readonly metrics: readonly MetricsEndpoint[] } {
    if (settings.from === "external") {
        const { host, port, user, sslMode, caSecret, secretName, access } = settings;
        const server = externalPostgres({
            ...{ host, port, user, sslMode, caSecret },
            passwordSecretName: secretName,
        });
        return {
            postgres: new ExistingPostgres("postgres", { platform, server, access }).content,
            metrics: [],
        };
    }
    const { version, existingSecret, access, storage, resources } = settings;
    const server = new Postgres("postgres", {
        platform,
        version,
        storage,
        resources,
        existingSecret,
        access,
    });
    const exporter = postgresExporter(platform, server.content.statistics("monitoring"));
    return { postgres: server.content, metrics: [exporter.metrics] };
}
