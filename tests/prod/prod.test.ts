import assert from "node:assert/strict";
import { ADMIN_CONFIG } from "../../components/infrastructure/kafka/kafkaSecurity";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { StackOutputs } from "../../stacks/outputs/outputs";
import { formatBytes, formatDuration } from "../../toolchain/console";
import { SAMPLE_DATASET } from "../../cli/data/series";
import { servedData } from "../../cli/progress/forecast";
import { mergeSettings, readStackFile } from "../../cli/stack/settings";
import { projectDirectory } from "../../cli/stack/workspace";
import { kubectl, kubectlGet, make, type Outcome } from "../support/commands";
import { EngineStack } from "../support/engine";
import { peakMemory } from "../support/memory";
import { failures, underLoad } from "../support/steadyLoad";
import { eventually } from "../support/processing";
import { forecastBody, summary } from "../support/serving";

const namespace = "flts";
/** Prod with what one node has: no other store for backups, no receiver of alerts, and a load balancer to ask. */
const STACK = "prod-on-one-node";
const stackFile = join(projectDirectory, `Pulumi.${STACK}.yaml`);
const MODEL_TYPES = ["train-gru", "train-lstm", "nonml-prophet"];

interface Workload {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly replicas: number };
    readonly status: { readonly readyReplicas?: number };
}

interface Autoscaler {
    readonly spec: { readonly minReplicas: number };
    readonly status: { readonly currentReplicas?: number };
}

interface Claim {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly storageClassName: string; readonly volumeName?: string };
}

interface Volume {
    readonly spec: { readonly persistentVolumeReclaimPolicy: string };
}

interface List<Item> {
    readonly items: readonly Item[];
}

const inNamespace = (...parameters: string[]): Promise<string> =>
    kubectl("--namespace", namespace, ...parameters);

/** What `kafka-topics.sh` says of all topics, asked in a broker. */
async function topics(): Promise<string> {
    const server = ["--bootstrap-server", "localhost:9092", "--command-config", ADMIN_CONFIG];
    return inNamespace("exec", "kafka-0", "--", "kafka-topics.sh", ...server, "--describe");
}

/** Waits until a StatefulSet that lost a pod has all of them again. */
async function complete(workload: string): Promise<void> {
    await inNamespace("rollout", "status", workload, "--timeout=300s");
}

describe("the prod stack with PROFILE=minimal, on real pods of one small node", function () {
    this.timeout(30 * 60_000);

    let outcome: Outcome;
    let peak: number;
    let milliseconds: number;
    let outputs: StackOutputs;

    before(async () => {
        const started = Date.now();
        const { config } = readStackFile(projectDirectory, "prod");
        const given = {
            "flts:acknowledge": ["noBackupTarget", "noAlertReceiver", "plainLoadBalancer"],
            "flts:loadBalancer": { service: { type: "LoadBalancer" } },
        };
        writeFileSync(stackFile, stringify({ config: mergeSettings(config, given) }));
        const measured = await peakMemory(() =>
            make(
                "up",
                ...[`STACK=${STACK}`, `CONFIRM=${STACK}`, "PROFILE=minimal"],
                // Unlike dev, it begins without data.
                `DATASET=${join(projectDirectory, SAMPLE_DATASET)}`,
            ),
        );
        milliseconds = Date.now() - started;
        outcome = measured.result;
        peak = measured.peak;
        assert.equal(outcome.code, 0, outcome.everything);
        outputs = new EngineStack(STACK, STACK).outputs();
    });

    after(async () => {
        const down = await make("down", `STACK=${STACK}`);
        rmSync(stackFile, { force: true });
        assert.equal(down.code, 0, down.everything);
    });

    // Promise: production-settings-run-real
    it("make up prints a forecast, from the address of its load balancer", () => {
        assert.match(outcome.output, /^inference +http:\/\/10\.254\.0\.1$/m);
        assert.match(outcome.output, /^Forecast of \S+ by run [0-9a-f]{32}, after /m);
        console.log(
            `      make up: ${formatDuration(milliseconds)}; peak memory of the machine: ${formatBytes(peak)}`,
        );
    });

    it("prod runs three brokers, four servers of MinIO, two load balancers and all trainers", async () => {
        const sets = await kubectlGet<List<Workload>>("statefulsets,deployments", "--namespace", namespace);
        const ready = Object.fromEntries(
            sets.items.map(({ metadata, status }) => [metadata.name, status.readyReplicas ?? 0]),
        );
        assert.equal(ready.kafka, 3);
        assert.equal(ready.minio, 4);
        assert.equal(ready["inference-lb"], 2);
        for (const name of [...MODEL_TYPES, "eval", "mlflow"]) {
            assert.equal(ready[name], 1, name);
        }
    });

    it("every topic is replicated on three brokers, of which two must have each message", async () => {
        const descriptions = (await topics()).split("\n").filter((line) => line.startsWith("Topic: "));
        assert.ok(descriptions.length >= 9, descriptions.join("\n"));
        for (const line of descriptions) {
            assert.match(line, /ReplicationFactor: 3/);
            assert.match(line, /min\.insync\.replicas=2/);
        }
    });

    it("the autoscaler keeps at least two pods of the forecast API", async () => {
        const scaler = await eventually("the autoscaler's second pod", 120, async () => {
            const found = await kubectlGet<Autoscaler>("hpa", "inference", "--namespace", namespace);
            return (found.status.currentReplicas ?? 0) >= 2 ? found : undefined;
        });
        assert.equal(scaler.spec.minReplicas, 2);
    });

    it("volumes stay when their claims are deleted", async () => {
        const { items } = await kubectlGet<List<Claim>>("pvc", "--namespace", namespace);
        assert.ok(items.filter(({ spec }) => spec.volumeName !== undefined).length >= 9);
        for (const { metadata, spec } of items) {
            assert.equal(spec.storageClassName, `${namespace}-retain`, metadata.name);
            // That of the backups gets a volume with the first backup.
            if (spec.volumeName !== undefined) {
                const volume = await kubectlGet<Volume>("pv", spec.volumeName);
                assert.equal(volume.spec.persistentVolumeReclaimPolicy, "Retain", metadata.name);
            }
        }
    });

    // Promise: production-settings-run-real
    it("every request is answered while a broker, a server of MinIO and a pod of each serving tier are killed", async () => {
        const pods = async (tier: string): Promise<string[]> =>
            (await inNamespace("get", "pods", "--selector", `app.kubernetes.io/name=${tier}`, "-o", "name"))
                .trim()
                .split("\n");
        const started = Date.now();
        const answers = await underLoad(
            {
                url: `${outputs.urls.inference ?? ""}/predict`,
                body: await forecastBody(),
                clients: 4,
                pause: 100,
            },
            async () => {
                for (const tier of ["kafka", "minio", "inference"]) {
                    const [victim = ""] = await pods(tier);
                    await inNamespace("delete", victim, "--grace-period=0", "--force");
                }
                await inNamespace("delete", (await pods("inference-lb"))[0] ?? "");
                await complete("statefulset/kafka");
                await complete("statefulset/minio");
                await complete("deployment/inference");
                await complete("deployment/inference-lb");
            },
        );
        console.log(`      ${summary(answers, Date.now() - started)}`);
        assert.ok(answers.length > 50);
        assert.deepEqual(failures(answers), []);
    });

    it("a model is trained, evaluated and promoted with a broker unavailable", async () => {
        await inNamespace("delete", "pod/kafka-1", "--grace-period=0", "--force");
        const url = outputs.urls.inference ?? "";
        const generation = async (): Promise<number> => (await servedData(url))?.generation ?? 0;
        const before = await generation();
        const again = ["python", "main.py", "--reprocess"];
        await inNamespace("exec", "deployment/preprocess", "--", ...again);
        await eventually("a model of the newly processed data", 360, async () =>
            (await generation()) > before ? true : undefined,
        );
    });
});
