import type { MetricsEndpoint } from "../../components/core/links";
import type { Platform } from "../../components/core/platform";
import { ExistingObjectStore } from "../../components/infrastructure/objectStore/externalObjectStore";
import { ExistingPostgres } from "../../components/infrastructure/postgres/externalPostgres";
import {
    externalKafka,
    externalMlflow,
    externalObjectStore,
    externalPostgres,
} from "../../components/infrastructure/external";
import { Kafka } from "../../components/infrastructure/kafka/kafka";
import { replicationFactor } from "../../components/infrastructure/kafka/kafkaConfig";
import { KafkaTopics } from "../../components/infrastructure/kafka/topics";
import { Mlflow } from "../../components/infrastructure/mlflow/mlflow";
import {
    OBJECT_STORE_METRICS,
    OBJECT_STORE_PORT,
    ObjectStore,
} from "../../components/infrastructure/objectStore/objectStore";
import { Postgres } from "../../components/infrastructure/postgres/postgres";
import type { PostgresContent } from "../../components/infrastructure/postgres/postgresResources";
import { lagExporter, postgresExporter } from "../../components/monitoring/exporters/exporters";
import { BUCKETS, OBJECT_STORE_GRANTS, topicDeclarations } from "../../components/contract";
import { accessOf } from "../platform/access";
import { NO_HOST } from "../settings/ingress";
import type { Settings } from "../settings/schema";
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
    return settings.layers.includes("infrastructure")
        ? deployInfrastructure(settings, platform, chart)
        : referencedInfrastructure(settings, platform);
}

function deployInfrastructure(settings: Settings, platform: Platform, chart: string): Infrastructure {
    const kafka = provideKafka(settings, platform);
    const store = provideObjectStore(settings, platform, chart);
    const { objectStore } = store;
    const { trackingUri } = settings.mlflow.external;
    if (trackingUri !== undefined) {
        return {
            ...kafka,
            objectStore,
            postgres: undefined,
            mlflowDatabase: undefined,
            mlflow: externalMlflow(trackingUri),
            metrics: [...kafka.metrics, ...store.metrics],
        };
    }
    const { postgres, ...database } = providePostgres(settings, platform);
    const mlflowDatabase = postgres.database("mlflow", settings.postgres.external.database);
    const { enabled, hosts } = settings.ingress;
    const mlflow = new Mlflow("mlflow", {
        platform,
        database: mlflowDatabase,
        objectStore: objectStore.connection("mlflow", OBJECT_STORE_GRANTS.mlflow),
        bucket: BUCKETS.mlflow,
        publicHosts: [settings.publicHost, ...(enabled && hosts.mlflow !== NO_HOST ? [hosts.mlflow] : [])],
        ...settings.mlflow,
    });
    const metrics = [...kafka.metrics, ...store.metrics, ...database.metrics];
    return { ...kafka, objectStore, postgres, mlflowDatabase, mlflow, metrics };
}

/** The broker, deployed or external, and the topics in it. */
function provideKafka(
    { kafka: settings }: Settings,
    platform: Platform,
): Pick<Infrastructure, "kafka" | "metrics"> {
    const { bootstrapServers, replicationFactor: externalFactor } = settings.external;
    const deployed =
        bootstrapServers === undefined ? new Kafka("kafka", { platform, ...settings }) : undefined;
    const topics = new KafkaTopics("kafka-topics", {
        platform,
        kafka: deployed?.connection ?? externalKafka(bootstrapServers ?? ""),
        topics: topicDeclarations(
            platform.identifier,
            deployed === undefined ? externalFactor : replicationFactor(settings.brokers),
            settings.partitions,
            settings.retentionHours,
        ),
    });
    return {
        kafka: topics,
        metrics:
            deployed === undefined
                ? []
                : [deployed.metrics, lagExporter(platform, deployed.connection).metrics],
    };
}

function provideObjectStore(
    { objectStore: settings }: Settings,
    platform: Platform,
    chart: string,
): Pick<Infrastructure, "objectStore" | "metrics"> {
    const access = accessOf(settings.access);
    const buckets = Object.values(BUCKETS).map((name) =>
        name === BUCKETS.inferenceLogs ? { name, expirationDays: settings.predictionLogDays } : { name },
    );
    const { endpoint } = settings.external;
    if (endpoint === undefined) {
        const { existingSecret } = settings;
        const store = new ObjectStore("minio", {
            platform,
            ...settings,
            existingSecret,
            chart,
            access,
            buckets,
        });
        return {
            objectStore: store.content,
            metrics: [store.metricsAt(OBJECT_STORE_PORT, OBJECT_STORE_METRICS)],
        };
    }
    const store = new ExistingObjectStore("minio", {
        platform,
        // The schema's contradictions made sure that the Secret is named.
        server: externalObjectStore(endpoint, settings.existingSecret ?? ""),
        access,
        buckets,
        createBuckets: settings.external.createBuckets,
    });
    return { objectStore: store.content, metrics: [] };
}

function providePostgres(
    { postgres: settings }: Settings,
    platform: Platform,
): { postgres: PostgresContent; metrics: readonly MetricsEndpoint[] } {
    const access = accessOf(settings.access);
    const { existingSecret } = settings;
    const { host, port, user, sslMode } = settings.external;
    if (host === undefined) {
        const server = new Postgres("postgres", { platform, ...settings, existingSecret, access });
        const exporter = postgresExporter(platform, server.content.statistics("monitoring"));
        return { postgres: server.content, metrics: [exporter.metrics] };
    }
    const server = new ExistingPostgres("postgres", {
        platform,
        server: externalPostgres({ host, port, user, sslMode, passwordSecretName: existingSecret ?? "" }),
        access,
    });
    return { postgres: server.content, metrics: [] };
}
