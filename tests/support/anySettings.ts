import * as fc from "fast-check";
import { PROFILES } from "../../stacks/settings/profileNames";
import type { Settings } from "../../stacks/settings/parsed/settings";
import { SettingsError } from "../../stacks/settings/problems";
import type { SettingsTree } from "../../stacks/settings/tree";
import { settings } from "./program";

const BACKUP_TARGET = { endpoint: "https://s3.example:9443", bucket: "flts-backup", existingSecret: "away" };

const HOSTS = { api: "api.example.com", mlflow: "mlflow.example.com", grafana: "grafana.example.com" };

/** Settings from everywhere in their space; the ones that contradict each other are left out. */
export const anySettings: fc.Arbitrary<Settings> = fc
    .record({
        identifier: fc.constantFrom("", "team-a", "x"),
        imageRegistry: fc.constantFrom(undefined, "mirror.example", "mirror.example:5000/flts"),
        namespace: fc.constantFrom("flts", "flts-two", { name: "flts", create: false }),
        profile: fc.constantFrom(...PROFILES),
        storageClass: fc.constantFrom(undefined, "fast"),
        cluster: fc.constantFrom(
            {},
            { users: "assigned", ephemeralStorage: { request: "1Gi" } },
            {
                nodeSelector: { pool: "flts" },
                podLabels: { team: "forecasts" },
                pullSecrets: ["registries/login"],
                proxy: { https: "http://proxy.example:3128" },
                caBundle: { configMap: "company-ca" },
            },
        ),
        network: fc.constantFrom(
            {},
            { ipFamilyPolicy: "PreferDualStack", dns: { cidrs: ["169.254.20.10/32"] } },
            { dns: { namespace: "dns-system", podLabels: { app: "coredns" }, ports: [5353] } },
        ),
        volumes: fc.record({ retain: fc.boolean() }),
        credentials: fc.record({ epoch: fc.integer({ min: 1, max: 9 }) }),
        kafka: fc.oneof(
            fc.record({ brokers: fc.constantFrom(1, 3, 5), partitions: fc.integer({ min: 1, max: 64 }) }),
            fc.constant({ external: { bootstrapServers: "kafka.example:9094" } }),
            fc.constant({
                external: {
                    bootstrapServers: "kafka.example:9094",
                    protocol: "SASL_SSL",
                    existingSecret: "kafka-login",
                    caSecret: "kafka-ca",
                },
            }),
        ),
        objectStore: fc.oneof(
            fc.record({
                chart: fc.constant("/charts/minio.tgz"),
                mode: fc.constantFrom("standalone", "distributed"),
                console: fc.constantFrom({ type: "ClusterIP" }, { type: "NodePort", nodePort: 30901 }),
            }),
            fc.constantFrom(
                {
                    external: {
                        endpoint: "https://s3.example:9001",
                        credentials: "each",
                        createBuckets: false,
                        caSecret: "store-ca",
                    },
                },
                {
                    external: {
                        endpoint: "https://s3.example:9001",
                        credentials: "shared",
                        createBuckets: false,
                    },
                    existingSecret: "store-keys",
                },
            ),
            fc.constant({
                external: { endpoint: "http://minio.store.svc:9001" },
                existingSecret: "store-root",
            }),
        ),
        postgres: fc.oneof(
            fc.record({
                access: fc.constantFrom({ mode: "tunnel" }, { mode: "direct", host: "db.example" }),
            }),
            fc.constant({ external: { host: "postgres.db.svc", port: 6432 }, existingSecret: "db-admin" }),
        ),
        mlflow: fc.oneof(
            fc.record({ service: fc.constantFrom({ type: "ClusterIP" }, { type: "NodePort" }) }),
            fc.constant({ external: { trackingUri: "https://mlflow.example" } }),
            fc.constant({
                external: {
                    trackingUri: "https://mlflow.example",
                    existingSecret: "mlflow-login",
                    caSecret: "mlflow-ca",
                },
            }),
        ),
        preprocess: fc.record({ scaler: fc.constantFrom("none", "RobustScaler"), handleNans: fc.boolean() }),
        training: fc.record({
            models: fc.subarray(["GRU", "LSTM", "PROPHET"], { minLength: 1 }),
            epochs: fc.integer({ min: 1, max: 100 }),
            gpu: fc.constantFrom({}, { count: 1, memory: "6Gi", nodeSelector: { gpu: "t4" } }),
        }),
        inference: fc.constantFrom(
            {},
            { replicas: 3 },
            { autoscaling: { enabled: true, minReplicas: 1, maxReplicas: 50 } },
            { autoscaling: { enabled: true, minReplicas: 2, maxReplicas: 4 } },
        ),
        serving: fc.record({
            canary: fc.constantFrom(
                {},
                { runId: "0a".repeat(16), weight: 0 },
                { image: "flts/inference:next", weight: 25 },
                {
                    runId: "0b".repeat(16),
                    image: "elsewhere/inference@sha256:" + "0".repeat(64),
                    weight: 100,
                },
            ),
        }),
        layers: fc.constantFrom(
            ["infrastructure", "pipeline", "serving"],
            ["infrastructure", "pipeline", "serving", "monitoring"],
        ),
        monitoring: fc.constantFrom(
            {},
            { grafana: { enabled: false }, service: { type: "NodePort", nodePort: 30909 } },
            { webhook: { existingSecret: "chat", port: 8443 } },
            { logs: { enabled: false } },
            { logs: { storage: "20Gi", service: { type: "LoadBalancer" } } },
        ),
        ingress: fc.constantFrom(
            {},
            {
                enabled: true,
                hosts: { mlflow: HOSTS.mlflow, grafana: HOSTS.grafana },
                tls: { secretName: "given" },
            },
            {
                enabled: true,
                hosts: { api: HOSTS.api, grafana: HOSTS.grafana },
                controllerNamespace: "traefik",
                controllerCidrs: ["10.9.0.0/16", "fd09::/64"],
            },
            {
                enabled: true,
                hosts: HOSTS,
                tls: { clusterIssuer: "letsencrypt" },
                login: { mode: "oidc", issuerUrl: "https://id.example", existingSecret: "client" },
            },
        ),
        loadTest: fc.record({
            enabled: fc.boolean(),
            workers: fc.integer({ min: 1, max: 100 }),
            service: fc.constantFrom({ type: "ClusterIP" }, { type: "NodePort", nodePort: 30089 }),
        }),
        backup: fc.constantFrom({}, { enabled: false }, { keep: 30, target: BACKUP_TARGET }),
        loadBalancer: fc.record({
            replicas: fc.integer({ min: 1, max: 10 }),
            service: fc.constantFrom(
                { type: "ClusterIP" },
                { type: "NodePort", nodePort: 30023 },
                { type: "LoadBalancer" },
            ),
        }),
    })
    .map((overrides) => allowed(overrides))
    .filter((chosen) => chosen !== undefined);

/** The settings; undefined for ones that contradict each other. */
function allowed(overrides: SettingsTree): Settings | undefined {
    try {
        return settings(overrides);
    } catch (error) {
        if (error instanceof SettingsError) {
            return undefined;
        }
        throw error;
    }
}
