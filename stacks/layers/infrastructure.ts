import type { Access } from "../../components/access/tunnel";
import type { Platform } from "../../components/core/platform";
import { Kafka } from "../../components/infrastructure/kafka";
import { KafkaTopics } from "../../components/infrastructure/kafkaTopics";
import { Mlflow } from "../../components/infrastructure/mlflow";
import { ObjectStore, type ChartSource } from "../../components/infrastructure/objectStore";
import { Postgres } from "../../components/infrastructure/postgres";
import { BUCKETS, OBJECT_STORE_GRANTS, topicDeclarations } from "../../components/pipeline/contract";
import type { Settings } from "../settings/schema";

/** What the pipeline and serving stand on. */
export interface Infrastructure {
    readonly kafka: Kafka;
    readonly topics: KafkaTopics;
    readonly objectStore: ObjectStore;
    readonly postgres: Postgres;
    readonly mlflow: Mlflow;
}

/** Message broker, object store, database and experiment tracking. */
export function deployInfrastructure(
    settings: Settings,
    platform: Platform,
    chart: ChartSource,
): Infrastructure {
    const { brokers, partitions, retentionHours } = settings.kafka;
    const kafka = new Kafka("kafka", { platform, ...settings.kafka });
    const topics = new KafkaTopics("kafka-topics", {
        platform,
        kafka: kafka.connection,
        topics: topicDeclarations(brokers, partitions, retentionHours),
    });
    const objectStore = new ObjectStore("minio", {
        platform,
        ...settings.objectStore,
        existingSecret: settings.objectStore.existingSecret,
        chart,
        access: accessOf(settings.objectStore.access),
        buckets: Object.values(BUCKETS),
    });
    const postgres = new Postgres("postgres", {
        platform,
        ...settings.postgres,
        existingSecret: settings.postgres.existingSecret,
        access: accessOf(settings.postgres.access),
    });
    const mlflow = new Mlflow("mlflow", {
        platform,
        database: postgres.database("mlflow"),
        objectStore: objectStore.connection("mlflow", OBJECT_STORE_GRANTS.mlflow),
        bucket: BUCKETS.mlflow,
        publicHosts: [settings.publicHost],
        ...settings.mlflow,
    });
    return { kafka, topics, objectStore, postgres, mlflow };
}

function accessOf(access: Settings["postgres"]["access"]): Access {
    return access.mode === "direct" && access.host !== undefined
        ? { mode: "direct", host: access.host, port: access.port }
        : { mode: "tunnel", localPort: access.localPort };
}
