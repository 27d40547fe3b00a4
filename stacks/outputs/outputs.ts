import type * as pulumi from "@pulumi/pulumi";
import { MLFLOW_PORT } from "../../components/infrastructure/mlflow/mlflow";
import { OBJECT_STORE_CONSOLE_PORT } from "../../components/infrastructure/objectStore/objectStore";
import { roleSecretName } from "../../components/infrastructure/postgres/roleSecret";
import { GRAFANA_PORT } from "../../components/monitoring/grafana/grafana";
import { PROMETHEUS_PORT } from "../../components/monitoring/prometheus/prometheusConfig";
import { VICTORIA_LOGS_PORT } from "../../components/monitoring/logs/victoriaLogs";
import type { Server } from "../../components/core/links";
import type { Tier } from "../../components/core/tier";
import type { Exposure } from "../../components/core/network/exposure";
import type { LoadTestResult } from "../../components/loadTest/lastLoadTest";
import { LOCUST_WEB_PORT } from "../../components/loadTest/locust";
import { LOAD_BALANCER_PORT } from "../../components/serving/loadBalancer";
import type { Layers } from "../layers/deployLayers";
import type { Ingress } from "../layers/gateway";
import type { Infrastructure } from "../layers/providedInfrastructure";
import { offerInfrastructure, packLayers } from "./layerOutputs";
import type { InfrastructureSettings } from "../settings/parsed/infrastructure";
import type { Settings } from "../settings/parsed/settings";

/**
 * What the stack reports to people and other stacks. None of it is a secret; credentials are named by the Secret that
 * holds them.
 *
 * This is a contract: read it with `fltsOutputs` (stacks/readOutputs.ts), and treat removed or renamed fields as a
 * break.
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
        /** Locust's web interface. */
        readonly locust?: string;
        readonly prometheus?: string;
        readonly grafana?: string;
        /** VictoriaLogs; its web page is at `/select/vmui`. */
        readonly logs?: string;
    };
    /** Addresses as pods of the cluster use them; only those of the layers that this stack deploys. */
    readonly endpoints: {
        readonly kafka?: string;
        readonly objectStore?: string;
        readonly postgres?: string;
        readonly mlflow?: string;
        readonly inference?: string;
        readonly prometheus?: string;
        readonly grafana?: string;
        readonly logs?: string;
    };
    /** Secrets of the namespace that hold credentials; only those of the layers that this stack deploys. */
    readonly secrets: {
        /** Keys `rootUser` and `rootPassword`. */
        readonly objectStoreRoot?: string;
        /**
         * Keys `accessKey` and `secretKey` of the user who may upload data, and what else an upload needs: `endpoint` as
         * pods reach it, `region`, `bucket` and `prefix`.
         */
        readonly data?: string;
        /** Key `password` of the user `postgres`. */
        readonly postgresSuperuser?: string;
        /** Keys `username` and `password` of MLflow's database. */
        readonly mlflowDatabase?: string;
        /** Keys `username` and `password` of MLflow's administrator, for people in the browser and for notebooks. */
        readonly mlflowAdmin?: string;
        /** Keys `username` and `password` of the login at `ingress.mlflow`. */
        readonly mlflowLogin?: string;
        /** Keys `username` and `password` of Grafana's administrator. */
        readonly grafanaAdmin?: string;
    };
    /** Addresses under the Ingress' hosts, which name servers must know; absent without an Ingress. */
    readonly ingress?: Ingress["urls"];
    /** What the layers of this stack offer to other stacks of this program, packed by {@link packLayers}; see docs/stacks.md. */
    readonly layers: string;
    /** The newest load test that `make load-test` ran; absent before the first. */
    readonly loadTest?: LoadTestResult;
}

/** A literal, or what a cloud gives in the update. */
type PublicUrl = string | pulumi.Output<string | undefined>;

/** {@link StackOutputs} as the program hands them to the engine: what a cloud gives is known in the update only. */
export type ProvidedOutputs = Omit<StackOutputs, "urls"> & {
    readonly urls: { readonly [Name in keyof StackOutputs["urls"]]: PublicUrl };
};

/**
 * Collects the outputs of a stack.
 *
 * @param loadTest result of its newest load test, if there was one.
 */
export function stackOutputs(
    settings: Settings,
    made: Layers,
    loadTest: LoadTestResult | undefined,
): ProvidedOutputs {
    const { infrastructure, pipeline, serving, locust, monitoring, ingress } = made;
    const { publicHost } = settings;
    const namespace = settings.namespace.name;
    const servers = settings.infrastructure.from === "deploy" ? settings.infrastructure : undefined;
    const url = (exposure: Exposure, port: number, tier?: Reached): PublicUrl | undefined =>
        publicUrl(publicHost, exposure, port, tier?.loadBalancerHost);
    return {
        namespace,
        urls: present({
            inference:
                serving && url(settings.loadBalancer.service, LOAD_BALANCER_PORT, serving.loadBalancer),
            mlflow:
                servers?.mlflow.from === "deploy"
                    ? url(servers.mlflow.service, MLFLOW_PORT, infrastructure.mlflow)
                    : undefined,
            objectStoreConsole:
                servers?.objectStore.from === "deploy"
                    ? url(servers.objectStore.console, OBJECT_STORE_CONSOLE_PORT)
                    : undefined,
            locust: locust && url(settings.loadTest.service, LOCUST_WEB_PORT, locust),
            prometheus:
                monitoring && url(settings.monitoring.service, PROMETHEUS_PORT, monitoring.prometheus),
            grafana:
                monitoring?.grafana &&
                url(settings.monitoring.grafana.service, GRAFANA_PORT, monitoring.grafana),
            logs:
                monitoring?.logs &&
                url(settings.monitoring.logs.service, VICTORIA_LOGS_PORT, monitoring.logs),
        }),
        endpoints: {
            ...(servers === undefined ? {} : infrastructureEndpoints(servers, infrastructure, namespace)),
            ...present({
                inference: serving && serviceOf(serving.loadBalancer, LOAD_BALANCER_PORT, namespace),
                prometheus: monitoring && serviceOf(monitoring.prometheus, PROMETHEUS_PORT, namespace),
                grafana: monitoring?.grafana && serviceOf(monitoring.grafana, GRAFANA_PORT, namespace),
                logs: monitoring?.logs && serviceOf(monitoring.logs, VICTORIA_LOGS_PORT, namespace),
            }),
        },
        secrets: present({
            objectStoreRoot: servers && infrastructure.objectStore.own?.server.rootSecretName,
            data: pipeline?.dataSecretName,
            postgresSuperuser: infrastructure.postgres?.server.passwordSecretName,
            mlflowDatabase: infrastructure.postgres && roleSecretName("mlflow"),
            mlflowAdmin: servers && infrastructure.mlflow.logins?.admin,
            mlflowLogin: ingress?.mlflowLoginSecretName,
            grafanaAdmin: monitoring?.grafana?.adminSecretName,
        }),
        layers: packLayers(servers ? { infrastructure: offerInfrastructure(settings, infrastructure) } : {}),
        ...(ingress === undefined ? {} : { ingress: ingress.urls }),
        ...(loadTest === undefined ? {} : { loadTest }),
    };
}

function infrastructureEndpoints(
    settings: Extract<InfrastructureSettings, { from: "deploy" }>,
    { kafka: { shared: brokers }, objectStore: store, postgres, mlflow }: Infrastructure,
    namespace: string,
): StackOutputs["endpoints"] {
    const database = postgres?.server;
    return present({
        kafka:
            settings.kafka.from === "external"
                ? settings.kafka.bootstrapServers
                : `${hostOf(brokers, brokers.server, namespace)}:${brokers.ports.join()}`,
        objectStore:
            store.own === undefined ? store.endpoint : addressOf(store.own.server, store.endpoint, namespace),
        postgres: database && `${hostOf(database, database.host, namespace)}:${database.port}`,
        mlflow: addressOf(mlflow.connection, mlflow.trackingUri, namespace),
    });
}

/** A host as pods of any namespace reach it. */
function hostOf({ serverLabels }: Server, host: string, namespace: string): string {
    return serverLabels === undefined ? host : `${host}.${namespace}`;
}

/** An address as pods of any namespace reach it. */
function addressOf(server: Server, address: string, namespace: string): string {
    const { hostname } = new URL(address);
    return address.replace(hostname, hostOf(server, hostname, namespace));
}

/** The address of a tier's Service as pods of any namespace reach it. */
function serviceOf(tier: Tier, port: number, namespace: string): string {
    return `http://${tier.tierName}.${namespace}:${port}`;
}

/** The fields that have a value. */
function present<Fields extends Readonly<Record<string, unknown>>>(
    fields: Fields,
): { readonly [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
        [Name in keyof Fields]?: Exclude<Fields[Name], undefined>;
    };
}

/** What may have a load balancer's address. */
interface Reached {
    readonly loadBalancerHost?: pulumi.Output<string | undefined> | undefined;
}

/**
 * Address from outside the cluster; undefined for what is reached from inside alone, or at a port that nobody chose.
 *
 * @param port of the Service, at which a load balancer serves it.
 * @param balanced where a load balancer serves it, if one does.
 */
function publicUrl(
    host: string,
    exposure: Exposure,
    port: number,
    balanced: pulumi.Output<string | undefined> | undefined,
): PublicUrl | undefined {
    if (balanced !== undefined) {
        return balanced.apply((name) =>
            name === undefined ? undefined : new URL(`http://${name}:${port}`).origin,
        );
    }
    return exposure.nodePort === undefined ? undefined : `http://${host}:${exposure.nodePort}`;
}
