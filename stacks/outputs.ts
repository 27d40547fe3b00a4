import { MLFLOW_PORT } from "../components/infrastructure/mlflow";
import type { Exposure } from "../components/core/exposure";
import { LOAD_BALANCER_PORT } from "../components/serving/loadBalancer";
import type { Infrastructure } from "./layers/infrastructure";
import type { Settings } from "./settings/schema";

/**
 * What the stack tells people and other stacks. None of it is a secret; credentials are named by the Secret that
 * holds them.
 *
 * This is a contract: read it with `new StackReference(...)`, and treat removed or renamed fields as a break.
 */
export interface StackOutputs {
    /** Namespace of everything. */
    readonly namespace: string;
    /** Addresses reachable from outside the cluster; only the ones that are exposed. */
    readonly urls: {
        /** Forecast API through the load balancer. */
        readonly inference?: string;
        /** Tracking server. */
        readonly mlflow?: string;
        /** MinIO's console. */
        readonly objectStoreConsole?: string;
    };
    /** Addresses inside the cluster. */
    readonly endpoints: {
        readonly kafka: string;
        readonly objectStore: string;
        readonly postgres: string;
        readonly mlflow: string;
        readonly inference: string;
    };
    /** Secrets of the namespace that hold credentials. */
    readonly secrets: {
        /** Keys `rootUser` and `rootPassword`. */
        readonly objectStoreRoot: string;
        /** Key `password` of the user `postgres`. */
        readonly postgresSuperuser: string;
        /** Keys `username` and `password` of MLflow's database. */
        readonly mlflowDatabase: string;
    };
}

/** Collects the outputs of a stack. */
export function stackOutputs(settings: Settings, infrastructure: Infrastructure): StackOutputs {
    const { namespace, publicHost } = settings;
    const address = (service: string, port: number): string => `http://${service}.${namespace}:${port}`;
    const inference = publicUrl(publicHost, settings.loadBalancer.service);
    const mlflow = publicUrl(publicHost, settings.mlflow.service);
    const objectStoreConsole = publicUrl(publicHost, settings.objectStore.console);
    return {
        namespace,
        urls: {
            ...(inference === undefined ? {} : { inference }),
            ...(mlflow === undefined ? {} : { mlflow }),
            ...(objectStoreConsole === undefined ? {} : { objectStoreConsole }),
        },
        endpoints: {
            kafka: `kafka.${namespace}:9092`,
            objectStore: address("minio", 9000),
            postgres: `postgres.${namespace}:5432`,
            mlflow: address("mlflow", MLFLOW_PORT),
            inference: address("inference-lb", LOAD_BALANCER_PORT),
        },
        secrets: {
            objectStoreRoot: infrastructure.objectStore.rootSecretName,
            postgresSuperuser: infrastructure.postgres.superuserSecretName,
            mlflowDatabase: "mlflow-postgres",
        },
    };
}

function publicUrl(host: string, exposure: Exposure): string | undefined {
    return exposure.nodePort === undefined ? undefined : `http://${host}:${exposure.nodePort}`;
}
