import assert from "node:assert/strict";
import type { StackOutputs } from "../../stacks/outputs/outputs";
import { GENERATED_SECRET, type Recorded } from "../support/mocks";
import { ofType, one, workloads } from "../support/objects";
import { deployProgram, settings } from "../support/program";

const JOB = "kubernetes:batch/v1:Job";
const DEPLOYMENT = "kubernetes:apps/v1:Deployment";
const SERVICE = "kubernetes:core/v1:Service";

function jobName(resources: readonly Recorded[], name: string): string {
    return (one(resources, JOB, name).inputs.metadata as { name: string }).name;
}

describe("the program with its defaults", () => {
    let resources: readonly Recorded[];
    let outputs: StackOutputs;

    before(async () => {
        ({ resources, outputs } = await deployProgram(settings()));
    });

    // Promise: kafka-minio-postgresql-mlflow, prediction-logs-compacted-deleted
    it("makes the tiers under the names that users know", () => {
        const names = (type: string): string[] =>
            ofType(resources, type)
                .map(({ name }) => name)
                .sort();
        assert.deepEqual(names("kubernetes:apps/v1:StatefulSet"), [
            "kafka",
            "postgres",
            "prometheus",
            "victoria-logs",
        ]);
        assert.deepEqual(names(DEPLOYMENT), [
            "alertmanager",
            "blackbox-exporter",
            "eval",
            "grafana",
            "inference",
            "inference-lb",
            "kafka-lag",
            "kube-state-metrics",
            "locust-master",
            "locust-worker",
            "mlflow",
            "nonml-prophet",
            "postgres-exporter",
            "preprocess",
            "train-gru",
            "train-lstm",
        ]);
        assert.deepEqual(names("kubernetes:helm.sh/v3:Release"), ["minio"]);
        assert.deepEqual(names(SERVICE), [
            "alertmanager",
            "blackbox-exporter",
            "eval",
            "grafana",
            "inference",
            "inference-headless",
            "inference-lb",
            "kafka",
            "kafka-headless",
            "kafka-lag",
            "kube-state-metrics",
            "locust",
            "locust-master",
            "mlflow",
            "postgres",
            "postgres-exporter",
            "prometheus",
            "victoria-logs",
        ]);
        const { inputs: expiry } = one(resources, "minio:index/ilmPolicy:IlmPolicy", "inference-logs");
        assert.deepEqual(expiry.rules, [{ id: "expiration", expiration: "30d" }]);
        assert.deepEqual(names("minio:index/s3Bucket:S3Bucket"), [
            "dataset",
            "inference-logs",
            "mlflow",
            "model-promotion",
            "processed-data",
        ]);
    });

    it("puts every resource under its tier", () => {
        const orphans = resources.filter(
            ({ urn, type }) => !type.startsWith("flts:") && !/::flts:\w+:\w+(\$|::)/.test(urn),
        );
        assert.deepEqual(
            orphans.map(({ urn }) => urn.split("::").slice(2).join(" ")),
            ["pulumi:providers:kubernetes kubernetes"],
        );
    });

    it("names the cluster's context in the provider, so that no current context is ever used", () => {
        assert.deepEqual(
            one(resources, "pulumi:providers:kubernetes", "kubernetes").inputs.context,
            "test-context",
        );
    });

    // Promise: networkpolicies-between-pods
    it("labels the namespace restricted and denies all traffic that no link allows", () => {
        const { metadata } = one(resources, "kubernetes:core/v1:Namespace", "flts").inputs as {
            metadata: { labels: Record<string, string> };
        };
        assert.equal(metadata.labels["pod-security.kubernetes.io/enforce"], "restricted");
        assert.deepEqual(
            one(resources, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "deny-all").inputs.spec,
            {
                podSelector: {},
                policyTypes: ["Ingress", "Egress"],
            },
        );
    });

    it("guards everything that holds data", () => {
        const guarded = resources
            .filter(({ deleteHooks }) => deleteHooks.length > 0)
            .map(({ type, name }) => `${type.split(":").pop() ?? ""} ${name}`);
        assert.deepEqual(guarded.sort(), [
            "Database mlflow",
            "Namespace flts",
            "PersistentVolumeClaim backup",
            "Release minio",
            "S3Bucket dataset",
            "S3Bucket inference-logs",
            "S3Bucket mlflow",
            "S3Bucket model-promotion",
            "S3Bucket processed-data",
            "StatefulSet kafka",
            "StatefulSet postgres",
            "StatefulSet prometheus",
            "StatefulSet victoria-logs",
        ]);
    });

    it("deletes what lives inside the cluster's servers together with the namespace", () => {
        const namespace = one(resources, "kubernetes:core/v1:Namespace", "flts").urn;
        const inside = resources.filter(({ type }) => /^(minio|postgresql):/.test(type));
        assert.ok(inside.length > 20);
        for (const resource of inside) {
            assert.equal(resource.deletedWith, namespace, resource.urn);
        }
    });

    it("gives providers addresses that a preview knows", () => {
        assert.equal(one(resources, "pulumi:providers:minio", "minio").inputs.minioServer, "127.0.0.1:29000");
        const { host, port, sslmode } = one(resources, "pulumi:providers:postgresql", "postgres").inputs;
        assert.deepEqual(
            { host, port: String(port), sslmode },
            { host: "127.0.0.1", port: "25432", sslmode: "disable" },
        );
    });

    // Promise: minio-holds-datasets-models
    it("installs the official chart without its default administrator and without secrets in its values", () => {
        const { inputs } = one(resources, "kubernetes:helm.sh/v3:Release", "minio");
        const values = inputs.values as Record<string, unknown>;
        assert.deepEqual(values.users, []);
        assert.equal(inputs.allowNullValues, true);
        assert.equal(inputs.atomic, true);
        assert.equal(inputs.cleanupOnFail, true);
        assert.equal(values.existingSecret, "minio-root");
        assert.equal(values.rootPassword, undefined);
    });

    it("makes one user a service, each with a policy for its own buckets", () => {
        const users = ofType(resources, "minio:index/iamUser:IamUser").map(
            ({ inputs }) => inputs.name as string,
        );
        assert.deepEqual(users.sort(), [
            "flts.test.backup",
            "flts.test.data",
            "flts.test.eval",
            "flts.test.inference",
            "flts.test.log-compaction",
            "flts.test.mlflow",
            "flts.test.preprocess",
            "flts.test.restore",
            "flts.test.train",
        ]);
        const { policy } = one(resources, "minio:index/iamPolicy:IamPolicy", "train").inputs as {
            policy: string;
        };
        assert.match(policy, /processed-data/);
        assert.doesNotMatch(policy, /PutObject|model-promotion|"\*"|arn:aws:s3:::\*/);
    });

    // Promise: postgresql-keeps-mlflows-data
    it("lets MLflow's role own MLflow's database", () => {
        const database = one(resources, "postgresql:index/database:Database", "mlflow").inputs;
        assert.deepEqual([database.name, database.owner], ["mlflow", "flts.test.mlflow"]);
    });

    it("puts secrets only into Secrets and providers", () => {
        const allowed =
            /^(kubernetes:core\/v1:Secret|pulumi:providers:|minio:index\/iamUser|postgresql:index\/role)/;
        const leaks = resources.filter(
            ({ type, inputs }) => !allowed.test(type) && JSON.stringify(inputs).includes(GENERATED_SECRET),
        );
        assert.deepEqual(leaks, []);
        assert.doesNotMatch(JSON.stringify(outputs), new RegExp(GENERATED_SECRET));
    });

    it("does not wait for inference, which is ready once a model is promoted", () => {
        const { metadata } = one(resources, DEPLOYMENT, "inference").inputs as {
            metadata: { annotations: Record<string, string> };
        };
        assert.equal(metadata.annotations["pulumi.com/skipAwait"], "true");
    });

    // Promise: values-development-small-quick
    it("needs fewer than 1.7 cores and 5 GiB, MinIO included", () => {
        let cores = 0.1;
        let bytes = 256 * 2 ** 20;
        // Backup, drill and restore do not run at a time; one of them is counted.
        const standing = workloads(resources).filter(({ name }) => !name.startsWith("restore"));
        for (const { template } of standing) {
            for (const {
                resources: { requests },
            } of template.spec.containers) {
                cores += requests.cpu?.endsWith("m")
                    ? Number.parseInt(requests.cpu, 10) / 1000
                    : Number(requests.cpu);
                bytes += Number.parseInt(requests.memory ?? "", 10) * 2 ** 20;
            }
        }
        assert.ok(cores < 1.7, String(cores));
        assert.ok(bytes < 5 * 2 ** 30, String(bytes));
    });
});

describe("the program, changed", () => {
    it("names Jobs by what they do: other partitions are another Job, another log level is not", async () => {
        const before = (await deployProgram(settings())).resources;
        const same = (await deployProgram(settings({ logLevel: "DEBUG" }))).resources;
        const other = (await deployProgram(settings({ kafka: { partitions: 2 } }))).resources;
        assert.equal(jobName(before, "kafka-topics"), jobName(same, "kafka-topics"));
        assert.notEqual(jobName(before, "kafka-topics"), jobName(other, "kafka-topics"));
    });

    // Promise: horizontal-autoscaler-cpu-limits
    it("sets no replicas when there is an autoscaler", async () => {
        const { resources } = await deployProgram(
            settings({ inference: { autoscaling: { enabled: true, minReplicas: 2 } } }),
        );
        const { spec } = one(resources, DEPLOYMENT, "inference").inputs as { spec: object };
        assert.ok(!("replicas" in spec));
        const autoscaler = one(resources, "kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "inference");
        assert.equal((autoscaler.inputs.spec as { maxReplicas: number }).maxReplicas, 20);
        one(resources, "kubernetes:policy/v1:PodDisruptionBudget", "inference");
    });

    // Promise: gru-lstm-networks-prophet
    it("trains only the families of the settings, in their own consumer groups, and the evaluator waits for them", async () => {
        const { resources } = await deployProgram(settings({ training: { models: ["PROPHET", "LSTM"] } }));
        const variable = (workload: string, name: string): unknown =>
            workloads(resources)
                .find((candidate) => candidate.name === workload)
                ?.template.spec.containers[0]?.env.find((variable) => variable.name === name)?.value;
        for (const [name, type] of [
            ["nonml-prophet", "PROPHET"],
            ["train-lstm", "LSTM"],
        ] as const) {
            assert.equal(variable(name, "MODEL_TYPE"), type);
            assert.equal(variable(name, "CONSUMER_GROUP_ID"), name);
        }
        assert.deepEqual(
            ofType(resources, DEPLOYMENT).filter(({ name }) => name === "train-gru"),
            [],
        );
        assert.equal(variable("eval", "EXPECTED_MODEL_TYPES"), "PROPHET,LSTM");
    });

    // Promise: given-secrets-instead-generated, external-secret-stores
    it("uses given Secrets instead of generated ones", async () => {
        const { resources } = await deployProgram(
            settings({ postgres: { existingSecret: "pg" }, objectStore: { existingSecret: "store" } }),
        );
        assert.deepEqual(
            ofType(resources, "kubernetes:core/v1:Secret").filter(({ name }) => /root|superuser/.test(name)),
            [],
        );
        const release = one(resources, "kubernetes:helm.sh/v3:Release", "minio");
        assert.equal((release.inputs.values as Record<string, unknown>).existingSecret, "store");
    });
});
