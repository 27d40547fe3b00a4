import assert from "node:assert/strict";
import type { StackOutputs } from "../../stacks/outputs/outputs";
import { GENERATED_SECRET, type Recorded } from "../support/mocks";
import { containers, ofType, one, workloads } from "../support/objects";
import { deployProgram, settings } from "../support/program";

const LAYERS = ["infrastructure", "pipeline", "serving", "monitoring"];

interface ScrapeConfig {
    readonly job_name: string;
    readonly metrics_path?: string;
    readonly kubernetes_sd_configs?: readonly {
        readonly role: string;
        readonly namespaces?: { readonly names: readonly string[] };
        readonly selectors?: readonly { readonly label: string }[];
    }[];
}

function scrapeConfigs(resources: readonly Recorded[]): readonly ScrapeConfig[] {
    const { data } = one(resources, "kubernetes:core/v1:ConfigMap", "prometheus").inputs as {
        data: Record<string, string>;
    };
    return (JSON.parse(data["prometheus.json"] ?? "") as { scrape_configs: ScrapeConfig[] }).scrape_configs;
}

function command(resources: readonly Recorded[], name: string): readonly string[] {
    const workload = workloads(resources).find((candidate) => candidate.name === name);
    assert.ok(workload, name);
    return containers(workload).at(-1)?.command ?? [];
}

describe("the monitoring layer", function () {
    this.timeout(30_000);

    let resources: readonly Recorded[];
    let outputs: StackOutputs;

    before(async () => {
        ({ resources, outputs } = await deployProgram(settings({ layers: LAYERS })));
    });

    it("scrapes the endpoints of each tier of this stack, and no others", () => {
        const configs = scrapeConfigs(resources);
        const pods = configs.filter(({ kubernetes_sd_configs: found }) => found?.[0]?.role === "pod");
        assert.deepEqual(pods.map(({ job_name }) => job_name).sort(), [
            "blackbox-exporter",
            "eval",
            "inference",
            "inference-lb",
            "kafka",
            "kafka-lag",
            "kube-state-metrics",
            "log-collector",
            "minio",
            "minio-minio-v2-metrics-bucket",
            "nonml-prophet",
            "postgres-exporter",
            "preprocess",
            "train-gru",
            "train-lstm",
            "victoria-logs",
        ]);
        for (const { job_name, kubernetes_sd_configs: found } of pods) {
            const discovery = found?.[0];
            const namespace = job_name === "log-collector" ? "flts-log-collector" : "flts";
            assert.deepEqual(discovery?.namespaces?.names, [namespace], job_name);
            const label = discovery.selectors?.[0]?.label ?? "";
            assert.match(label, /app\.kubernetes\.io\/instance=test/, job_name);
        }
    });

    it("Prometheus may read pods of its two namespaces, and in the cluster only nodes and their metrics", () => {
        const roles = ofType(resources, "kubernetes:rbac.authorization.k8s.io/v1:Role").filter(
            ({ inputs }) => (inputs.metadata as { name: string }).name === "prometheus",
        );
        const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }];
        assert.deepEqual(
            roles
                .map(({ inputs }) => [(inputs.metadata as { namespace: string }).namespace, inputs.rules])
                .sort(),
            [
                ["flts", rules],
                ["flts-log-collector", rules],
            ],
        );
        const clusterRole = one(
            resources,
            "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
            "prometheus",
        );
        assert.deepEqual(clusterRole.inputs.rules, [
            { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] },
            { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
        ]);
    });

    // Promise: prometheus-scrapes-metrics-keeps
    it("keeps samples for the days and on the volume of the settings", async () => {
        const changed = settings({ layers: LAYERS, monitoring: { retentionDays: 30, storage: "10Gi" } });
        const parameters = command((await deployProgram(changed)).resources, "prometheus");
        assert.ok(parameters.includes("--storage.tsdb.retention.time=30d"), parameters.join(" "));
        assert.ok(parameters.includes(`--storage.tsdb.retention.size=${8 * 2 ** 30}B`), parameters.join(" "));
    });

    it("guards its volume and needs less than 700 MiB and a quarter of a core", () => {
        const { deleteHooks } = one(resources, "kubernetes:apps/v1:StatefulSet", "prometheus");
        assert.equal(deleteHooks.length, 1);
        const tiers = ["prometheus", "alertmanager", "grafana", "kube-state-metrics", "blackbox-exporter"];
        const requests = workloads(resources)
            .filter(({ name }) => tiers.includes(name))
            .flatMap((workload) => containers(workload))
            .map((container) => container.resources.requests);
        const sum = (amounts: (string | undefined)[]): number =>
            amounts.reduce((total, amount) => total + Number.parseInt(amount ?? "", 10), 0);
        assert.ok(sum(requests.map(({ memory }) => memory)) < 700);
        assert.ok(sum(requests.map(({ cpu }) => cpu)) < 250);
    });

    // Promise: log-aggregation
    it("collects logs with an agent on each node, which reads no other namespace's logs and changes nothing", () => {
        const agent = one(resources, "kubernetes:apps/v1:DaemonSet", "log-collector");
        assert.equal((agent.inputs.metadata as { namespace: string }).namespace, "flts-log-collector");
        const workload = workloads(resources).find(({ name }) => name === "log-collector");
        assert.ok(workload);
        const [container] = containers(workload);
        const mount = container?.volumeMounts.find(({ name }) => name === "logs");
        assert.deepEqual(mount, { name: "logs", mountPath: "/var/log", readOnly: true });
        const parameters = command(resources, "log-collector");
        assert.ok(
            parameters.includes('-kubernetesCollector.excludeFilter=!kubernetes.pod_namespace:="flts"'),
            parameters.join(" "),
        );
        const clusterRole = one(
            resources,
            "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
            "log-collector",
        );
        const verbs = (clusterRole.inputs.rules as { verbs: string[] }[]).flatMap((rule) => rule.verbs);
        assert.deepEqual([...new Set(verbs)].sort(), ["get", "list", "watch"]);
    });

    it("keeps logs for the days and on the volume of the settings, under the data-loss guard", async () => {
        const logs = { retentionDays: 60, storage: "10Gi" };
        const changed = await deployProgram(settings({ layers: LAYERS, monitoring: { logs } }));
        const parameters = command(changed.resources, "victoria-logs");
        assert.ok(parameters.includes("-retentionPeriod=60d"), parameters.join(" "));
        assert.ok(
            parameters.includes(`-retention.maxDiskSpaceUsageBytes=${8 * 2 ** 30}`),
            parameters.join(" "),
        );
        const { deleteHooks } = one(resources, "kubernetes:apps/v1:StatefulSet", "victoria-logs");
        assert.equal(deleteHooks.length, 1);
        assert.equal(outputs.endpoints.logs, "http://victoria-logs.flts:9428");
    });

    it("collects no logs when that is disabled", async () => {
        const { resources: less, outputs: reported } = await deployProgram(
            settings({ layers: LAYERS, monitoring: { logs: { enabled: false } } }),
        );
        assert.deepEqual(
            less.filter(({ name }) => /log-collector|victoria-logs/.test(name)),
            [],
        );
        assert.equal(reported.endpoints.logs, undefined);
    });

    it("gives Grafana a generated password, which is only in its Secret", () => {
        const secret = one(resources, "kubernetes:core/v1:Secret", "grafana-admin");
        assert.match(JSON.stringify(secret.inputs), new RegExp(GENERATED_SECRET));
        assert.equal(outputs.secrets.grafanaAdmin, "grafana-admin");
        assert.equal(outputs.endpoints.grafana, "http://grafana.flts:3000");
    });

    it("omits Grafana when it is disabled", async () => {
        const { resources: less, outputs: reported } = await deployProgram(
            settings({ layers: LAYERS, monitoring: { grafana: { enabled: false } } }),
        );
        assert.deepEqual(
            less.filter(({ name }) => name.startsWith("grafana")),
            [],
        );
        assert.equal(reported.endpoints.grafana, undefined);
    });

    it("probes the certificates of the Ingress' hosts", async () => {
        const hosts = {
            api: "api.example.com",
            mlflow: "mlflow.example.com",
            grafana: "grafana.example.com",
        };
        const ingress = { enabled: true, hosts, tls: { secretName: "given" } };
        const { resources: encrypted } = await deployProgram(settings({ layers: LAYERS, ingress }));
        const probes = (found: readonly Recorded[]): string[] =>
            scrapeConfigs(found)
                .map(({ job_name }) => job_name)
                .filter((name) => name.startsWith("probe-"));
        assert.deepEqual(probes(resources), ["probe-mlflow", "probe-kubernetes-api"]);
        assert.ok(probes(encrypted).length > 3, probes(encrypted).join(", "));
    });

    it("keeps the webhook's address in a Secret", async () => {
        const { resources: notified } = await deployProgram(
            settings({ layers: LAYERS, monitoring: { webhook: { existingSecret: "chat" } } }),
        );
        const pod = workloads(notified).find(({ name }) => name === "alertmanager");
        const config = pod?.template.spec.volumes.find(({ name }) => name === "config");
        assert.equal(config?.secret.secretName, "alertmanager");
    });

    it("monitoring is left out of a stack without the layer", async () => {
        const less = await deployProgram(
            settings({ layers: LAYERS.filter((name) => name !== "monitoring") }),
        );
        assert.deepEqual(
            less.resources.filter(({ type }) => type === "flts:monitoring:Prometheus"),
            [],
        );
    });
});
