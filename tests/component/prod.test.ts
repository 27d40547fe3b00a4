import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type * as kubernetes from "@pulumi/kubernetes";
import { parse } from "yaml";
import type { StackOutputs } from "../../stacks/outputs/outputs";
import { quantity } from "../../components/core/quantity";
import type { Recorded } from "../support/mocks";
import { ofType, one, workloads } from "../support/objects";
import { deployProgram, settings } from "../support/program";

const DEPLOYMENT = "kubernetes:apps/v1:Deployment";
const STATEFUL_SET = "kubernetes:apps/v1:StatefulSet";
const RELEASE = "kubernetes:helm.sh/v3:Release";
const BUDGET = "kubernetes:policy/v1:PodDisruptionBudget";

type PodSpec = kubernetes.types.output.core.v1.PodSpec;
interface ChartValues {
    readonly mode: string;
    readonly affinity: PodSpec["affinity"];
    readonly podDisruptionBudget: { readonly enabled: boolean; readonly maxUnavailable: number };
    readonly replicas: number;
    readonly resources: { readonly requests: { readonly cpu: string; readonly memory: string } };
    readonly persistence: { readonly storageClass: string };
}

/** What Pulumi.prod.yaml sets, and what a user changes in it. */
function prod(changed: Record<string, unknown> = {}): Record<string, unknown> {
    const { config } = parse(readFileSync(join(__dirname, "..", "..", "Pulumi.prod.yaml"), "utf8")) as {
        config: Record<string, unknown>;
    };
    const given = Object.entries(config).map(([key, value]) => [key.replace(/^flts:/, ""), value]);
    return { ...(Object.fromEntries(given) as Record<string, unknown>), ...changed };
}

const chartValues = (resources: readonly Recorded[]): ChartValues =>
    one(resources, RELEASE, "minio").inputs.values as ChartValues;

/** Pods that a workload starts with: its replicas, or the least that the autoscaler allows. */
function leastPods(resources: readonly Recorded[], name: string): number {
    const { spec } = [...ofType(resources, DEPLOYMENT), ...ofType(resources, STATEFUL_SET)].find(
        (workload) => workload.name === name,
    )?.inputs as { spec: { replicas?: number } };
    const autoscaler = ofType(resources, "kubernetes:autoscaling/v2:HorizontalPodAutoscaler").find(
        (candidate) => candidate.name === name,
    );
    const least = (autoscaler?.inputs.spec as { minReplicas?: number } | undefined)?.minReplicas;
    return spec.replicas ?? least ?? 1;
}

/** What all pods together set aside, Jobs and the chart's servers included. */
function requested(resources: readonly Recorded[], kind: "cpu" | "memory"): number {
    const own = workloads(resources).map(({ name, kind: workload, template }) => {
        // A DaemonSet has one a node, and the question is about one node.
        const pods = ["Job", "CronJob", "DaemonSet"].includes(workload) ? 1 : leastPods(resources, name);
        const sums = template.spec.containers.map(({ resources: { requests } }) =>
            quantity(requests[kind] ?? ""),
        );
        return pods * sums.reduce((sum, request) => sum + request, 0);
    });
    const { replicas, resources: chart } = chartValues(resources);
    return [...own, replicas * quantity(chart.requests[kind])].reduce((sum, request) => sum + request, 0);
}

/** Paths of what differs between two values. */
function differences(before: unknown, after: unknown, path = ""): string[] {
    if (typeof before !== "object" || typeof after !== "object" || before === null || after === null) {
        return before === after ? [] : [path];
    }
    const [old, now] = [before as Record<string, unknown>, after as Record<string, unknown>];
    return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((key) =>
        differences(old[key], now[key], `${path}.${key}`),
    );
}

/** What Pulumi.prod.yaml leaves to its user. */
const ACKNOWLEDGED = { acknowledge: ["noBackupTarget", "noAlertReceiver"] };

describe("the prod stack", function () {
    this.timeout(30_000);

    let resources: readonly Recorded[];
    let outputs: StackOutputs;
    let minimal: readonly Recorded[];

    before(async () => {
        ({ resources, outputs } = await deployProgram(settings(prod(ACKNOWLEDGED))));
        ({ resources: minimal } = await deployProgram(
            settings(prod({ ...ACKNOWLEDGED, profile: "minimal" })),
        ));
    });

    // Promise: values-production-several-brokers
    it("has three brokers that keep three copies and acknowledge with two", () => {
        assert.equal(leastPods(resources, "kafka"), 3);
        const configOf = (name: string): Record<string, string> =>
            one(resources, "kubernetes:core/v1:ConfigMap", name).inputs.data as Record<string, string>;
        const server = configOf("kafka")["server.properties"] ?? "";
        assert.match(server, /^default\.replication\.factor=3$/m);
        assert.match(server, /^min\.insync\.replicas=2$/m);
        assert.match(server, /^offsets\.topic\.replication\.factor=3$/m);
        const topics = JSON.parse(configOf("kafka-topics")["topics.json"] ?? "") as {
            replicationFactor: number;
        }[];
        assert.ok(topics.length > 4);
        assert.deepEqual([...new Set(topics.map(({ replicationFactor }) => replicationFactor))], [3]);
    });

    // Promise: values-production-several-brokers, autoscaling
    it("has four servers of the object store, an autoscaler from two pods, and two load balancers", () => {
        const { mode, replicas } = chartValues(resources);
        assert.deepEqual({ mode, replicas }, { mode: "distributed", replicas: 4 });
        assert.equal(leastPods(resources, "inference"), 2);
        assert.equal(leastPods(resources, "inference-lb"), 2);
    });

    // Promise: several-replicas-spread-over
    it("spreads replicas over nodes, and lets a drain take one at a time", () => {
        for (const [type, name] of [
            [STATEFUL_SET, "kafka"],
            [DEPLOYMENT, "inference"],
            [DEPLOYMENT, "inference-lb"],
        ] as const) {
            const { template } = one(resources, type, name).inputs.spec as { template: { spec: PodSpec } };
            assert.ok("podAntiAffinity" in template.spec.affinity, name);
            assert.equal(
                (one(resources, BUDGET, name).inputs.spec as { maxUnavailable: number }).maxUnavailable,
                1,
            );
        }
    });

    // Promise: several-replicas-spread-over
    it("spreads the object store's servers by values of the chart, with a budget", () => {
        const { affinity, podDisruptionBudget } = chartValues(resources);
        const [preferred] = affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
        assert.equal(preferred?.podAffinityTerm.labelSelector.matchLabels["app.kubernetes.io/name"], "minio");
        assert.deepEqual(podDisruptionBudget, { enabled: true, maxUnavailable: 1 });
    });

    // Promise: tls-at-ingress
    it("has an Ingress with TLS for all three hosts", () => {
        const { metadata, spec } = one(resources, "kubernetes:networking.k8s.io/v1:Ingress", "ingress")
            .inputs as {
            metadata: { annotations: Record<string, string> };
            spec: kubernetes.types.output.networking.v1.IngressSpec;
        };
        const hosts = ["api.example.com", "mlflow.example.com", "grafana.example.com"];
        assert.equal(metadata.annotations["cert-manager.io/cluster-issuer"], "letsencrypt-prod");
        assert.equal(spec.ingressClassName, "traefik");
        assert.deepEqual(spec.tls[0]?.hosts, hosts);
        assert.deepEqual(
            Object.values(outputs.ingress ?? {}),
            hosts.map((host) => `https://${host}`),
        );
    });

    // Promise: volumes-stay-when-claims
    it("keeps its volumes, with a storage class like the cluster's that every claim names", () => {
        const { inputs } = one(resources, "kubernetes:storage.k8s.io/v1:StorageClass", "flts-retain");
        assert.equal(inputs.reclaimPolicy, "Retain");
        assert.equal(inputs.provisioner, "disks.example");
        assert.deepEqual(inputs.parameters, { kind: "ssd" });
        assert.equal(chartValues(resources).persistence.storageClass, "flts-retain");
        const sets = ofType(resources, STATEFUL_SET);
        const claims = sets.map((set) => set.inputs.spec as kubernetes.types.output.apps.v1.StatefulSetSpec);
        for (const { volumeClaimTemplates, persistentVolumeClaimRetentionPolicy } of claims) {
            assert.equal(volumeClaimTemplates[0]?.spec.storageClassName, "flts-retain");
            assert.deepEqual(persistentVolumeClaimRetentionPolicy, {
                whenDeleted: "Retain",
                whenScaled: "Retain",
            });
        }
        assert.deepEqual(sets.map(({ name }) => name).sort(), [
            "kafka",
            "postgres",
            "prometheus",
            "victoria-logs",
        ]);
        for (const { inputs: claim } of ofType(resources, "kubernetes:core/v1:PersistentVolumeClaim")) {
            assert.equal((claim.spec as { storageClassName: string }).storageClassName, "flts-retain");
        }
    });

    // Promise: volumes-stay-when-claims
    it("creates the storage class before the namespace, with values that cannot replace one with the other", () => {
        const { urn } = one(resources, "kubernetes:storage.k8s.io/v1:StorageClass", "flts-retain");
        const users = resources.filter(({ dependencies }) => dependencies.includes(urn));
        assert.deepEqual(
            users.map(({ type }) => type),
            ["kubernetes:core/v1:Namespace"],
        );
    });

    // Promise: setting-shrinks-prod-small
    it("fits a node with two cores under the profile minimal", () => {
        const cores = requested(minimal, "cpu");
        const bytes = requested(minimal, "memory");
        assert.ok(cores <= 1.5, String(cores));
        assert.ok(bytes <= 8 * 2 ** 30, String(bytes / 2 ** 30));
        assert.ok(requested(resources, "cpu") > 5);
    });

    // Promise: setting-shrinks-prod-small
    it("differs only in sizes under the profile minimal", () => {
        const sizes = new RegExp(
            [
                /\.resources\.(requests|limits)\.(cpu|memory|storage)$/,
                /\.persistence\.size$/,
                // Kafka's heap, and the bytes that Prometheus and VictoriaLogs may keep.
                /^kubernetes:apps\/v1:StatefulSet (kafka|prometheus|victoria-logs)\.spec\.template\.spec\.containers\.0\.command\.\d+$/,
                // EPOCHS.
                /^kubernetes:apps\/v1:Deployment (train-\w+|nonml-prophet)\.spec\.template\.spec\.containers\.0\.env\.\d+\.value$/,
            ]
                .map(({ source }) => source)
                .join("|"),
        );
        const byName = (all: readonly Recorded[]): Record<string, unknown> =>
            Object.fromEntries(all.map(({ type, name, inputs }) => [`${type} ${name}`, inputs]));
        const [large, small] = [byName(resources), byName(minimal)];
        assert.deepEqual(Object.keys(small).sort(), Object.keys(large).sort());
        const differing = Object.keys(large).flatMap((name) => differences(large[name], small[name], name));
        assert.ok(differing.length > 40);
        assert.deepEqual(
            differing.filter((path) => !sizes.test(path)),
            [],
        );
    });
});
