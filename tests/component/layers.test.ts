import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { StackOutputs } from "../../stacks/outputs/outputs";
import { unpackLayers, type InfrastructureOutputs } from "../../stacks/outputs/layerOutputs";
import { fltsOutputs } from "../../stacks/outputs/readOutputs";
import { GENERATED_SECRET, record, type Recorded } from "../support/mocks";
import { ofType, one, workloads, type NetworkPolicySpec } from "../support/objects";
import { deployProgram, INPUTS, settings } from "../support/program";

const POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy";
const INFRASTRUCTURE = "organization/flts/infrastructure";

/** Workloads and the chart's release, by name. */
function servers(resources: readonly Recorded[]): string[] {
    const releases = ofType(resources, "kubernetes:helm.sh/v3:Release");
    return [...workloads(resources), ...releases].map(({ name }) => name).sort();
}

function environmentOf(resources: readonly Recorded[], name: string): Record<string, unknown> {
    const workload = workloads(resources).find((candidate) => candidate.name === name);
    return Object.fromEntries(
        (workload?.template.spec.containers[0]?.env ?? []).map((variable) => [variable.name, variable.value]),
    );
}

/** What a resource is, wherever it stands in the tree of components and whatever its stack is called. */
function identity({ type, inputs, name }: Recorded): string {
    return `${type} ${(inputs.metadata as { name?: string } | undefined)?.name ?? name}`;
}

describe("layers in stacks of their own", function () {
    this.timeout(30_000);

    let whole: readonly Recorded[];
    let below: { readonly resources: readonly Recorded[]; readonly outputs: StackOutputs };
    let above: { readonly resources: readonly Recorded[]; readonly outputs: StackOutputs };
    const upper = {
        layers: ["pipeline", "serving", "monitoring"],
        stacks: { infrastructure: INFRASTRUCTURE },
    };

    before(async () => {
        whole = (await deployProgram(settings())).resources;
        below = await deployProgram(settings({ layers: ["infrastructure"] }));
        above = await deployProgram(settings(upper), INPUTS, { [INFRASTRUCTURE]: below.outputs });
    });

    // Promise: layers-stacks-own
    it("layers in several stacks make what one stack makes, and only providers and tunnels twice", () => {
        const made = (resources: readonly Recorded[]): string[] =>
            resources
                .filter(({ type }) => !/^(flts:|pulumi:)/.test(type))
                .map(identity)
                .sort();
        assert.deepEqual(made([...below.resources, ...above.resources]), made(whole));
    });

    it("layers select the other stack's servers by that stack's labels, in both directions", () => {
        const labels = { "app.kubernetes.io/name": "kafka", "app.kubernetes.io/instance": "test" };
        const { spec } = one(above.resources, POLICY, "kafka-from-train-gru").inputs as {
            spec: NetworkPolicySpec;
        };
        assert.deepEqual(spec.podSelector.matchLabels, labels);
        const egress = one(above.resources, POLICY, "train-gru-egress").inputs as { spec: NetworkPolicySpec };
        assert.match(JSON.stringify(egress.spec), /"kafka"/);
    });

    it("pods have the same environment as in one stack", () => {
        for (const name of ["train-gru", "eval", "inference", "preprocess"]) {
            assert.deepEqual(environmentOf(above.resources, name), environmentOf(whole, name), name);
        }
    });

    it("the namespace belongs to the stack that made it", () => {
        assert.deepEqual(
            ofType(above.resources, "kubernetes:core/v1:Namespace").map(({ name }) => name),
            ["flts-log-collector"],
        );
        for (const { type, deletedWith, urn } of above.resources) {
            assert.ok(!type.startsWith("minio:") || deletedWith === "", urn);
        }
    });

    it("a stack outputs only what it has, and no secret", () => {
        assert.deepEqual(Object.keys(below.outputs.endpoints), [
            "kafka",
            "objectStore",
            "postgres",
            "mlflow",
        ]);
        assert.deepEqual(above.outputs.endpoints, {
            inference: "http://inference-lb.flts:80",
            prometheus: "http://prometheus.flts:9090",
            grafana: "http://grafana.flts:3000",
            logs: "http://victoria-logs.flts:9428",
        });
        assert.deepEqual(above.outputs.secrets, { data: "minio-data", grafanaAdmin: "grafana-admin" });
        assert.deepEqual(unpackLayers(above.outputs.layers), {});
        const all = [below.outputs, above.outputs, unpackLayers(below.outputs.layers)];
        assert.doesNotMatch(JSON.stringify(all), new RegExp(GENERATED_SECRET));
    });

    it("a stack without infrastructure is refused, with the setting and the fix", async () => {
        await assert.rejects(
            deployProgram(settings(upper), INPUTS, { [INFRASTRUCTURE]: { namespace: "flts" } }),
            /flts:stacks\.infrastructure = "organization\/flts\/infrastructure": its output layers has no infrastructure.*flts:layers/,
        );
    });

    it("an older stack that offers less than is needed is refused", async () => {
        const { infrastructure } = unpackLayers(below.outputs.layers);
        const less = { ...(infrastructure as InfrastructureOutputs), mlflow: undefined };
        await assert.rejects(
            deployProgram(settings(upper), INPUTS, {
                [INFRASTRUCTURE]: { layers: { infrastructure: less } },
            }),
            /layers\.infrastructure\.mlflow: .*update that stack first/,
        );
    });

    it("a stack of 0.1.0, whose output layers is an object, can be used", async () => {
        const older = { ...below.outputs, layers: unpackLayers(below.outputs.layers) };
        const { resources } = await deployProgram(settings(upper), INPUTS, { [INFRASTRUCTURE]: older });
        assert.deepEqual(servers(resources), servers(above.resources));
    });

    it("a stack whose output layers is not of this program is refused", async () => {
        await assert.rejects(
            deployProgram(settings(upper), INPUTS, { [INFRASTRUCTURE]: { layers: "base" } }),
            /its output layers has no infrastructure/,
        );
    });

    it("outputs fit on one screen of 50 lines", async () => {
        const { outputs } = await deployProgram(settings({ profile: "production", monitoring: {} }));
        const lines = (value: unknown): number =>
            typeof value === "object" && value !== null
                ? Object.values(value).reduce<number>((sum, each) => sum + lines(each), 1)
                : Math.ceil((String(value).length + 20) / 80);
        assert.ok(lines(outputs) < 45, `${lines(outputs)} lines`);
    });

    it("a namespace or identifier that differs from the infrastructure's is refused", async () => {
        const stacks = { [INFRASTRUCTURE]: below.outputs };
        await assert.rejects(
            deployProgram(settings({ ...upper, namespace: "other" }), INPUTS, stacks),
            /flts:namespace = "other": stack organization\/flts\/infrastructure.* has "flts"; set it to that/,
        );
        await assert.rejects(
            deployProgram(settings({ ...upper, identifier: "mine" }), INPUTS, stacks),
            /flts:identifier = "mine"/,
        );
    });
});

describe("external servers", function () {
    this.timeout(30_000);

    const external = {
        kafka: { external: { bootstrapServers: "kafka-1.example:9094,kafka-2.example:9094" } },
        objectStore: {
            external: { endpoint: "https://s3.example" },
            existingSecret: "store-root",
            access: { mode: "direct", host: "s3.example", port: 443 },
        },
        postgres: {
            external: { host: "db.example", port: 6432, user: "admin" },
            existingSecret: "db-admin",
            access: { mode: "direct", host: "db.example", port: 6432 },
        },
    };
    let resources: readonly Recorded[];
    let outputs: StackOutputs;

    before(async () => {
        ({ resources, outputs } = await deployProgram(settings(external)));
    });

    // Promise: your-own-servers-instead
    it("external servers are not deployed, and everything else is", () => {
        const left = servers(resources);
        for (const name of ["kafka", "minio", "postgres"]) {
            assert.ok(!left.includes(name), name);
        }
        for (const name of ["kafka-topics", "mlflow", "preprocess", "eval", "inference"]) {
            assert.ok(left.includes(name), name);
        }
    });

    it("external servers get the pipeline's users, buckets, topics and databases, which outlive the namespace", () => {
        assert.equal(ofType(resources, "minio:index/s3Bucket:S3Bucket").length, 5);
        assert.equal(ofType(resources, "minio:index/iamUser:IamUser").length, 9);
        const database = one(resources, "postgresql:index/database:Database", "mlflow");
        assert.equal(database.deletedWith, "");
        assert.ok(database.deleteHooks.length > 0, "the data-loss guard");
        const map = one(resources, "kubernetes:core/v1:ConfigMap", "kafka-topics").inputs as {
            data: Record<string, string>;
        };
        assert.match(map.data["topics.json"] ?? "", /"replicationFactor":3/);
    });

    it("pods connect to external servers by their own addresses, with TLS if the settings say so", () => {
        const minio = one(resources, "pulumi:providers:minio", "minio").inputs;
        assert.deepEqual([minio.minioServer, String(minio.minioSsl)], ["s3.example:443", "true"]);
        const { host, username, sslmode, superuser } = one(
            resources,
            "pulumi:providers:postgresql",
            "postgres",
        ).inputs;
        assert.deepEqual(
            [host, username, sslmode, String(superuser)],
            ["db.example", "admin", "require", "false"],
        );
        const mlflow = environmentOf(resources, "mlflow");
        assert.deepEqual(
            [mlflow.PGHOST, mlflow.PGPORT, mlflow.PGSSLMODE, mlflow.AWS_ENDPOINT_URL_S3],
            ["db.example", "6432", "require", "https://s3.example"],
        );
        assert.equal(
            environmentOf(resources, "eval").KAFKA_BOOTSTRAP_SERVERS,
            external.kafka.external.bootstrapServers,
        );
        assert.deepEqual(outputs.endpoints, {
            kafka: "kafka-1.example:9094,kafka-2.example:9094",
            objectStore: "https://s3.example",
            postgres: "db.example:6432",
            mlflow: "http://mlflow.flts:5000",
            inference: "http://inference-lb.flts:80",
            prometheus: "http://prometheus.flts:9090",
            grafana: "http://grafana.flts:3000",
            logs: "http://victoria-logs.flts:9428",
        });
    });

    it("NetworkPolicies allow the ports of external servers, only for pods with a connection", () => {
        const egress = (tier: string): unknown =>
            (
                one(resources, POLICY, `${tier}-egress`).inputs as { spec: NetworkPolicySpec }
            ).spec.egress.filter((rule) => !("to" in rule));
        const port = (number: number): object => ({ ports: [{ protocol: "TCP", port: number }] });
        assert.deepEqual(egress("mlflow"), [port(6432), port(443)]);
        assert.deepEqual(egress("eval"), [port(9094), port(443)]);
        assert.deepEqual(egress("inference-lb"), []);
    });

    it("an external MLflow needs no database of the stack", async () => {
        const { resources: without } = await deployProgram(
            settings({ mlflow: { external: { trackingUri: "https://mlflow.example" } } }),
        );
        assert.deepEqual(
            servers(without).filter((name) => /mlflow|postgres/.test(name)),
            [],
        );
        assert.equal(environmentOf(without, "train-gru").MLFLOW_TRACKING_URI, "https://mlflow.example");
        assert.deepEqual(ofType(without, "pulumi:providers:postgresql"), []);
    });
});

describe("another team's stack", () => {
    const read = (name: string, stacks: Record<string, object>): Promise<StackOutputs> =>
        record(
            () =>
                new Promise<StackOutputs>((resolve, reject) => {
                    const outputs = fltsOutputs(new pulumi.StackReference(name));
                    (outputs as unknown as { promise(): Promise<StackOutputs> })
                        .promise()
                        .then(resolve, reject);
                }),
            stacks,
        ).then(({ result }) => result);

    it("another program reads the outputs with their types", async () => {
        const { outputs } = await deployProgram(settings());
        assert.deepEqual(
            await read("organization/flts/prod", { "organization/flts/prod": outputs }),
            outputs,
        );
    });

    it("another program gets an error for a stack that is not of this program", async () => {
        await assert.rejects(
            read("organization/shop/prod", { "organization/shop/prod": { namespace: "shop" } }),
            /Stack organization\/shop\/prod has no output urls, endpoints, secrets, layers: .* deploy it first/,
        );
    });
});
