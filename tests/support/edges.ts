import assert from "node:assert/strict";
import { OUTSIDE } from "../../components/core/links";
import type { BackupSettings } from "../../stacks/settings/parsed/backup";
import type { Settings } from "../../stacks/settings/parsed/settings";
import type { Recorded } from "./mocks";
import { ofType, type NetworkPolicySpec } from "./objects";

/** Who is at the other end: pods of the stack, or all of another namespace. */
type Peer =
    | { podSelector: { matchLabels: Record<string, string> } }
    | { namespaceSelector: { matchLabels: Record<string, string> } }
    | { ipBlock: { cidr: string } };

const nameOf = (labels: Record<string, string>): string => labels["app.kubernetes.io/name"] ?? "";

/** The name of a tier, a namespace in brackets, or a network. */
function peerName(peer: Peer): string {
    if ("podSelector" in peer) {
        return nameOf(peer.podSelector.matchLabels);
    }
    return "ipBlock" in peer
        ? peer.ipBlock.cidr
        : `(${peer.namespaceSelector.matchLabels["kubernetes.io/metadata.name"] ?? ""})`;
}

/** Edges that the policies of one direction allow between tiers, as "client -> server:port". */
export function edges(resources: readonly Recorded[], direction: "Egress" | "Ingress"): string[] {
    return (
        ofType(resources, "kubernetes:networking.k8s.io/v1:NetworkPolicy")
            .map(({ inputs }) => inputs.spec as NetworkPolicySpec)
            // Policies for all pods of a stack are no edges between tiers.
            .filter(
                (spec) =>
                    nameOf({ ...spec.podSelector.matchLabels }) !== "" && spec.policyTypes[0] === direction,
            )
            .flatMap((spec) => {
                const self = nameOf(spec.podSelector.matchLabels);
                const rules = direction === "Egress" ? spec.egress : spec.ingress;
                return rules.flatMap((rule) => {
                    const peers = ("to" in rule ? rule.to : (rule as { from?: unknown }).from) as
                        Peer[] | undefined;
                    return (peers ?? []).flatMap((peer) =>
                        rule.ports.map(({ port }) => {
                            const other = peerName(peer);
                            const [client, server] = direction === "Egress" ? [self, other] : [other, self];
                            return `${client} -> ${server}:${String(port)}`;
                        }),
                    );
                });
            })
            .sort()
    );
}

/** Edges to servers outside of the namespace that tiers' own policies allow. */
export function edgesOutside(resources: readonly Recorded[]): string[] {
    return ofType(resources, "kubernetes:networking.k8s.io/v1:NetworkPolicy")
        .filter(({ name }) => name.endsWith("-egress"))
        .flatMap(({ name, inputs }) =>
            (inputs.spec as NetworkPolicySpec).egress
                .filter((rule) => !("to" in rule))
                .flatMap(({ ports }) => ports)
                .map(({ port }) => `${name.replace(/-egress$/, "")} -> ${OUTSIDE}:${String(port)}`),
        )
        .sort();
}

/** What may talk to what: the picture of the architecture, written by hand. */
export function declaredEdges({ training, canary, loadTest, ingress, ...settings }: Settings): string[] {
    const servers = settings.infrastructure;
    assert.ok(servers.from === "deploy");
    const { backup } = servers;
    const external = {
        kafka: servers.kafka.from === "external",
        minio: servers.objectStore.from !== "deploy",
        postgres: servers.mlflow.from === "deploy" && servers.mlflow.postgres.from === "external",
        mlflow: servers.mlflow.from === "external",
    };
    const kafka = (client: string): string =>
        `${client} -> ${external.kafka ? `${OUTSIDE}:9094` : "kafka:9092"}`;
    const minio = (client: string): string =>
        `${client} -> ${external.minio ? `${OUTSIDE}:9001` : "minio:9000"}`;
    const mlflow = (client: string): string =>
        `${client} -> ${external.mlflow ? `${OUTSIDE}:443` : "mlflow:5000"}`;
    const postgres = (client: string): string =>
        `${client} -> ${external.postgres ? `${OUTSIDE}:6432` : "postgres:5432"}`;
    const versions = canary === undefined ? ["inference"] : ["inference", "inference-canary"];
    const trainers = { GRU: "train-gru", LSTM: "train-lstm", PROPHET: "nonml-prophet" } as const;
    const learners = ["eval", ...training.models.map((type) => trainers[type])];
    const scraped = [
        ...(external.kafka ? [] : ["kafka:9404", "kafka-lag:8000"]),
        ...(external.minio ? [] : ["minio:9000"]),
        ...(external.mlflow || external.postgres ? [] : ["postgres-exporter:9187"]),
        ...versions.map((version) => `${version}:8000`),
        "inference-lb:8404",
        "eval:8050",
        "preprocess:8000",
        ...training.models.map((type) => `${trainers[type]}:8000`),
    ];
    return [
        ...(external.kafka ? [] : [kafka("kafka"), "kafka -> kafka:9093"]),
        ...(servers.objectStore.from === "deploy" && servers.objectStore.mode === "distributed"
            ? [minio("minio")]
            : []),
        kafka("kafka-topics"),
        kafka("preprocess"),
        minio("preprocess"),
        ...(external.mlflow ? [] : [minio("mlflow"), postgres("mlflow")]),
        ...(backup.enabled ? backupEdges(backup, external.mlflow, minio, postgres) : []),
        ...(external.kafka ? [] : [kafka("kafka-lag")]),
        ...(external.mlflow || external.postgres ? [] : [postgres("postgres-exporter")]),
        ...versions.map((version) => `inference-lb -> ${version}:8000`),
        ...(loadTest.enabled ? ["locust -> inference-lb:8080", "locust -> locust:5557"] : []),
        ...(ingress.enabled && ingress.mlflow !== undefined ? [mlflow("mlflow-login")] : []),
        ...(ingress.enabled && ingress.mlflow?.login.mode === "oidc"
            ? [`mlflow-login -> ${OUTSIDE}:443`]
            : []),
        ...(settings.layers.includes("monitoring") ? monitoringEdges(settings, scraped, mlflow) : []),
        ...learners.flatMap((client) => [kafka(client), minio(client), mlflow(client)]),
        // Not MLflow: what is served comes from the promotion bucket.
        ...versions.flatMap((client) => [kafka(client), minio(client)]),
        minio("log-compaction"),
    ].sort();
}

function backupEdges(
    { place }: Extract<BackupSettings, { enabled: true }>,
    externalMlflow: boolean,
    minio: (client: string) => string,
    postgres: (client: string) => string,
): string[] {
    return [
        minio("backup"),
        ...(externalMlflow ? [] : [postgres("backup")]),
        ...(place.from === "volume" ? [] : [`backup -> ${OUTSIDE}:9443`]),
    ];
}

function monitoringEdges(
    { monitoring }: Pick<Settings, "monitoring">,
    scraped: readonly string[],
    mlflow: (client: string) => string,
): string[] {
    const api = (client: string): string[] => [`${client} -> ${OUTSIDE}:443`, `${client} -> ${OUTSIDE}:6443`];
    const { webhook, grafana, logs } = monitoring;
    const collected = logs.enabled ? ["victoria-logs:9428", "log-collector:9429"] : [];
    return [
        ...[
            ...scraped,
            ...collected,
            "kube-state-metrics:8080",
            "blackbox-exporter:9115",
            "alertmanager:9093",
        ].map((server) => `prometheus -> ${server}`),
        ...api("prometheus"),
        `prometheus -> ${OUTSIDE}:10250`,
        ...api("kube-state-metrics"),
        ...api("blackbox-exporter"),
        mlflow("blackbox-exporter"),
        ...(webhook.existingSecret === undefined ? [] : [`alertmanager -> ${OUTSIDE}:${webhook.port}`]),
        ...(logs.enabled ? ["log-collector -> victoria-logs:9428", ...api("log-collector")] : []),
        ...(grafana.enabled ? ["grafana -> prometheus:9090"] : []),
    ];
}

/** What the Ingress controller may reach; its own namespace says what it may send. */
export function edgesFromIngress({ ingress, layers, monitoring }: Settings): string[] {
    if (!ingress.enabled) {
        return [];
    }
    const { hosts, mlflow, controller } = ingress;
    const grafana = layers.includes("monitoring") && monitoring.grafana.enabled ? hosts.grafana : undefined;
    const servers = {
        "grafana:3000": grafana,
        "inference-lb:8080": hosts.api,
        "mlflow-login:8080": mlflow?.host,
    };
    return Object.entries(servers)
        .filter(([, host]) => host !== undefined)
        .flatMap(([server]) => controller.map((peer) => `${peerName(peer as Peer)} -> ${server}`))
        .sort();
}
