import assert from "node:assert/strict";
import { addresses } from "../../toolchain/cluster/layout";
import { MinioServer, PostgresServer } from "../plugins/support/servers";
import { kubectl, kubectlApply, kubectlGet, make, type Outcome } from "../support/commands";
import { EngineStack } from "../support/engine";
import { eventually } from "../support/processing";
import { SimulatedNodes } from "../support/simulatedNodes";

const namespace = "simulated";
const ZONES = ["a", "b", "c"];
/** One for each trainer of a network: a trainer that got none would wait. */
const GPUS = 2;
/** More than the prod stack claims: 3 brokers, 4 servers of MinIO, PostgreSQL, Prometheus, VictoriaLogs, backups. */
const VOLUMES = 12;

interface Pod {
    readonly metadata: {
        readonly name: string;
        readonly labels: Readonly<Record<string, string>>;
        readonly ownerReferences?: readonly { readonly kind: string }[];
    };
    readonly spec: { readonly nodeName?: string };
    readonly status: { readonly phase: string };
}

interface List<Item> {
    readonly items: readonly Item[];
}

interface Volume {
    readonly spec: { readonly claimRef?: { readonly namespace: string }; readonly storageClassName: string };
    readonly status: { readonly phase: string };
}

/** Nodes on which the running pods of a tier are. */
async function nodesOf(tier: string): Promise<readonly string[]> {
    const { items } = await kubectlGet<List<Pod>>(
        "pods",
        "--namespace",
        namespace,
        "--selector",
        `app.kubernetes.io/name=${tier}`,
        "--field-selector=status.phase=Running",
    );
    return items.map(({ spec }) => spec.nodeName ?? assert.fail("a pod runs on no node"));
}

/** The stack's Deployments and StatefulSets, as kubectl names them. */
async function workloads(): Promise<readonly string[]> {
    const { items } = await kubectlGet<
        List<{ readonly kind: string; readonly metadata: { readonly name: string } }>
    >("deployments,statefulsets", "--namespace", namespace);
    return items.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`);
}

describe("the prod stack, on the real engine and simulated nodes", function () {
    this.timeout(20 * 60_000);

    const stack = new EngineStack("simulated-prod", "prod");
    let minio: MinioServer;
    let postgres: PostgresServer;
    let nodes: SimulatedNodes | undefined;

    /** What a user gives it, and where the servers are that run really: pods on simulated nodes do not. */
    const given = () => ({
        // It existed before, with Secrets.
        "flts:namespace": { name: namespace, create: false },
        "flts:storageClass": "simulated",
        "flts:objectStore": {
            existingSecret: "minio-prod-creds",
            access: { mode: "direct", host: "127.0.0.1", port: minio.port },
        },
        "flts:postgres": {
            existingSecret: "postgres-prod-creds",
            access: { mode: "direct", host: "127.0.0.1", port: postgres.port },
        },
        // What the simulated nodes have no place for, and the way in that its tests look at.
        "flts:acknowledge": ["noBackupTarget", "noAlertReceiver", "plainLoadBalancer"],
        "flts:loadBalancer": { service: { type: "LoadBalancer" } },
        "flts:training": { gpu: { count: 1 } },
        // No image is pulled for a simulated pod, so that nothing need be left out.
        "flts:monitoring": { grafana: { enabled: true } },
    });

    const destroy = async (): Promise<Outcome> => {
        await stack.settings(given());
        return stack.pulumi(["destroy", "--yes", "--skip-preview", "--run-program"], {
            FLTS_ALLOW_DATA_LOSS: "all",
        });
    };

    before(async () => {
        const up = await make("cluster-up");
        assert.equal(up.code, 0, up.everything);
        [minio, postgres] = await Promise.all([MinioServer.create(), PostgresServer.create()]);
        await Promise.all([minio.start(), postgres.start()]);
        nodes = await SimulatedNodes.start(ZONES, GPUS);
        await nodes.storage("simulated", `${namespace}-retain`, VOLUMES);
        const secret = (name: string, stringData: object): object => ({
            apiVersion: "v1",
            kind: "Secret",
            metadata: { name, namespace },
            stringData,
        });
        await kubectlApply([
            { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
            secret("minio-prod-creds", { rootUser: minio.user, rootPassword: minio.password }),
            secret("postgres-prod-creds", { password: postgres.password }),
            {
                apiVersion: "v1",
                kind: "ConfigMap",
                metadata: { name: "of-another-owner", namespace },
                data: { a: "1" },
            },
        ]);
        await stack.settings(given());
    });

    after(async () => {
        if (stack.exists() && (await stack.resources()).length > 0) {
            await destroy();
        }
        await kubectl("delete", "namespace", namespace, "--ignore-not-found");
        await nodes?.stop();
        await Promise.all([minio.remove(), postgres.remove()]);
        stack.remove();
    });

    it("prod is refused without a backup target and a receiver of alerts, in one report", async () => {
        await stack.settings({ ...given(), "flts:acknowledge": [] });
        const preview = await stack.pulumi(["preview"]);
        await stack.settings(given());
        assert.notEqual(preview.code, 0);
        for (const name of ["noBackupTarget", "noAlertReceiver", "plainLoadBalancer"]) {
            assert.match(preview.everything, new RegExp(`flts:acknowledge: \\[${name}\\]`));
        }
    });

    it("prod can be previewed before anything is deployed", async () => {
        const preview = await stack.pulumi(["preview"]);
        assert.equal(preview.code, 0, preview.everything);
        assert.match(preview.everything, /\+ [23]\d\d to create/);
    });

    it("prod is deployed, and a second up changes nothing", async () => {
        const up = await stack.pulumi(["up", "--yes", "--skip-preview"]);
        assert.equal(up.code, 0, up.everything);
        const second = await stack.pulumi(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
        assert.equal(second.code, 0, second.everything);
    });

    // Promise: training-gpu
    it("networks are trained on the node with GPUs, one each, and nothing else runs there", async () => {
        const { items } = await kubectlGet<List<Pod>>(
            "pods",
            "--namespace",
            namespace,
            "--field-selector=spec.nodeName=simulated-gpu,status.phase=Running",
        );
        const there = items.map(({ metadata }) => metadata.labels["app.kubernetes.io/name"]);
        assert.deepEqual(there.sort(), ["train-gru", "train-lstm"]);
    });

    // Promise: replicas-different-machines-maintenance
    it("replicas run on different nodes", async () => {
        for (const [tier, replicas, different] of [
            ["kafka", 3, 3],
            ["minio", 4, 3],
            ["inference", 2, 2],
            ["inference-lb", 2, 2],
        ] as const) {
            // The autoscaler gives inference its second pod after its first look, which is every 15 seconds.
            const found = await eventually(`${replicas} pods of ${tier}`, 60, async () => {
                const nodes = await nodesOf(tier);
                return nodes.length === replicas ? nodes : undefined;
            });
            assert.equal(new Set(found).size, different, `${tier} is on ${found.join(", ")}`);
        }
    });

    // Promise: replicas-different-machines-maintenance
    it("a drained node takes down one replica of each tier at a time", async () => {
        await kubectl(
            "drain",
            "simulated-a",
            "--ignore-daemonsets",
            "--delete-emptydir-data",
            "--timeout=120s",
        );
        try {
            const { items } = await kubectlGet<List<Pod>>(
                "pods",
                "--namespace",
                namespace,
                "--field-selector=spec.nodeName=simulated-a,status.phase=Running",
            );
            assert.deepEqual(
                items.map(({ metadata }) => metadata.name),
                [],
            );
            for (const workload of ["statefulset/kafka", "statefulset/minio", "deployment/inference"]) {
                await kubectl("-n", namespace, "rollout", "status", workload, "--timeout=60s");
            }
        } finally {
            await kubectl("uncordon", "simulated-a");
        }
    });

    // Promise: replicas-different-machines-maintenance
    it("pods of a lost node start on other nodes at once when it is marked as out of service", async () => {
        // The only node of its zone. Nobody is asked for a budget, as nobody is when a machine stops.
        const taint = "node.kubernetes.io/out-of-service";
        await kubectl("taint", "nodes", "simulated-b", `${taint}=nodeshutdown:NoExecute`);
        try {
            await eventually("every pod on a node that is left", 60, async () => {
                const { items } = await kubectlGet<List<Pod>>(
                    "pods",
                    "--namespace",
                    namespace,
                    "--field-selector=spec.nodeName=simulated-b,status.phase=Running",
                );
                // DaemonSets run on each node, whatever its state.
                return items.every(({ metadata }) => metadata.ownerReferences?.[0]?.kind === "DaemonSet")
                    ? true
                    : undefined;
            });
            for (const workload of await workloads()) {
                await kubectl("-n", namespace, "rollout", "status", workload, "--timeout=60s");
            }
        } finally {
            await kubectl("taint", "nodes", "simulated-b", `${taint}-`);
        }
    });

    it("a second eviction is refused where a majority is needed", async () => {
        const budgets = await kubectlGet<
            List<{
                metadata: { name: string };
                status: { disruptionsAllowed: number; currentHealthy: number };
            }>
        >("poddisruptionbudgets", "--namespace", namespace);
        const allowed = Object.fromEntries(
            budgets.items.map(({ metadata, status }) => [metadata.name, status.disruptionsAllowed]),
        );
        assert.equal(allowed.kafka, 1);
        assert.equal(allowed.inference, 1);
        assert.equal(allowed["inference-lb"], 1);
    });

    it("the outputs have the address that the load balancer got", () => {
        assert.equal(stack.outputs().urls.inference, `http://${addresses.node}`);
        assert.deepEqual(Object.keys(stack.outputs().ingress ?? {}).sort(), ["api", "grafana", "mlflow"]);
    });

    it("a destroy deletes every resource, and keeps the existing namespace and its volumes", async () => {
        const destroyed = await destroy();
        assert.equal(destroyed.code, 0, destroyed.everything);
        assert.deepEqual(await stack.resources(), []);
        const { metadata } = await kubectlGet<{ metadata: { labels: Record<string, string> } }>(
            "namespace",
            namespace,
        );
        assert.deepEqual(metadata.labels, { "kubernetes.io/metadata.name": namespace });
        const left = await kubectl("-n", namespace, "get", "configmap,secret", "-o", "name");
        for (const name of [
            "configmap/of-another-owner",
            "secret/minio-prod-creds",
            "secret/postgres-prod-creds",
        ]) {
            assert.match(left, new RegExp(`^${name}$`, "m"));
        }
        assert.equal(
            await kubectl("-n", namespace, "get", "networkpolicy,deployment,service", "-o", "name"),
            "",
        );
        await kubectl("delete", "namespace", namespace, "--timeout=120s");
        const { items } = await kubectlGet<List<Volume>>("persistentvolumes");
        const used = items.filter(({ spec }) => spec.claimRef?.namespace === namespace);
        assert.ok(used.length >= 9, `${used.length} volumes`);
        for (const { spec, status } of used) {
            assert.equal(spec.storageClassName, `${namespace}-retain`);
            assert.equal(status.phase, "Released");
        }
    });
});
