import type { Connection, MetricsEndpoint } from "../../components/core/links";
import type { KafkaClients } from "../../components/infrastructure/kafka/kafkaClients";
import type { MlflowServer } from "../../components/infrastructure/mlflow/mlflow";
import type { ObjectStoreClients } from "../../components/infrastructure/objectStore/objectStoreClients";
import type { PostgresResources } from "../../components/infrastructure/postgres/postgresResources";

/** What the pipeline and serving stand on, whoever runs it. */
export interface Infrastructure {
    /** The brokers, with topics and users. */
    readonly kafka: KafkaClients;
    readonly objectStore: ObjectStoreClients;
    /** Undefined where nothing is to be made in it: another stack has it, or an external MLflow one of its own. */
    readonly postgres: PostgresResources | undefined;
    /** MLflow's database; undefined as `postgres`. */
    readonly mlflowDatabase: Connection | undefined;
    readonly mlflow: MlflowServer;
    /** Where those of it that were deployed expose their metrics. */
    readonly metrics: readonly MetricsEndpoint[];
}
