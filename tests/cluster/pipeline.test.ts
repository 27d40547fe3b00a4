import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatBytes, formatDuration } from "../../toolchain/console";
import { kubectl, kubectlGet, make, preprocess, projectDirectory, type Outcome } from "../support/commands";
import { holdoutErrors } from "../support/holdout";
import { peakMemory } from "../support/memory";
import { eventually } from "../support/processing";

/** Real measurements where they are at hand; the project's own sample elsewhere. */
const realData = join(projectDirectory, "..", "shared", "data", "PobleSec.csv");
const isReal = existsSync(realData);
const dataset = isReal ? realData : join(projectDirectory, "services", "sample", "sample.csv");
const heldOut = isReal ? realData.replace(".csv", "_test.csv") : dataset;

const inference = "http://127.0.0.1:30023";
const namespace = "flts";

interface Pointer {
    readonly run_id: string;
    readonly config_hash: string;
    readonly model_uri: string;
}

interface Pods {
    readonly items: readonly {
        readonly metadata: { readonly name: string; readonly namespace: string };
        readonly status: { readonly containerStatuses?: readonly { readonly restartCount: number }[] };
    }[];
}

/** The promotion pointer, read where it is written: in the object store, with the evaluator's own user. */
async function promotionPointer(): Promise<Pointer> {
    const program = [
        "import boto3, sys",
        "sys.stdout.write(boto3.client('s3').get_object(Bucket='model-promotion', Key='current.json')['Body'].read().decode())",
    ].join("; ");
    const text = await kubectl("-n", namespace, "exec", "deployment/eval", "--", "python", "-c", program);
    return JSON.parse(text) as Pointer;
}

/** The trainers' runs behind the champions in MLflow's registry, one a line, as the evaluator's user reads it. */
const CHAMPIONS = `
import os
from mlflow.tracking import MlflowClient

client = MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
for model in client.search_registered_models():
    if "champion" in model.aliases:
        print(client.get_model_version(model.name, model.aliases["champion"]).tags["flts.run_id"])
`;

/** What a client in preprocess' pod gets from Kafka: with no user, and as preprocess in a group of a trainer. */
const FOREIGN_CLIENTS = `
from confluent_kafka import Consumer, KafkaException, Producer
from flts.common.kafka import KafkaSettings, client_settings

kafka = KafkaSettings()
try:
    Producer({"bootstrap.servers": kafka.kafka_bootstrap_servers}).list_topics(timeout=5)
    print("admitted")
except KafkaException as error:
    print(error.args[0].name())
consumer = Consumer({**client_settings(kafka, "test"), "group.id": "train-gru"})
consumer.subscribe(["model-training"])
message = None
while message is None:
    message = consumer.poll(10)
print(message.error().name() if message.error() else "read")
`;

describe("make up, from a CSV to a forecast on real pods", function () {
    this.timeout(30 * 60_000);

    let outcome: Outcome;
    let peak: number;
    let milliseconds: number;

    before(async () => {
        const started = Date.now();
        const measured = await peakMemory(() => make("up", `DATASET=${dataset}`));
        milliseconds = Date.now() - started;
        outcome = measured.result;
        peak = measured.peak;
    });

    // Promise: single-command-takes-empty
    it("prints the stack's addresses, the names of its Secrets and a forecast", () => {
        assert.equal(outcome.code, 0, outcome.everything);
        assert.match(outcome.output, /^inference +http:\/\/127\.0\.0\.1:30023$/m);
        assert.match(outcome.output, /^objectStoreRoot +minio-root$/m);
        assert.match(outcome.output, /^Forecast of \S+ by run [0-9a-f]{32}, after /m);
        console.log(
            `      make up: ${formatDuration(milliseconds)}; peak memory of the machine: ${formatBytes(peak)}`,
        );
    });

    // Promise: values-development-small-quick
    it("uses less than 8 GiB of the machine's memory", () => {
        assert.ok(peak < 8 * 1024 ** 3, `peak was ${formatBytes(peak)}`);
    });

    // Promise: inference-loads-was-promoted
    it("forecasts held-out rows better than repeating the last value, in raw units", async () => {
        const firstRow = isReal ? 0 : 2000;
        const errors = await holdoutErrors(inference, heldOut, "down", 400, firstRow);
        console.log(
            `      RMSE on down over ${errors.windows} windows: model ${errors.model.toExponential(4)}, ` +
                `repeating the last value ${errors.repeatLast.toExponential(4)}`,
        );
        assert.ok(errors.model < errors.repeatLast, JSON.stringify(errors));
    });

    it("starts every pod without a restart", async () => {
        const pods = await kubectlGet<Pods>("pods", "--all-namespaces");
        assert.ok(pods.items.length > 8);
        const restarted = pods.items.filter((pod) =>
            pod.status.containerStatuses?.some((container) => container.restartCount > 0),
        );
        assert.deepEqual(
            restarted.map((pod) => pod.metadata.name),
            [],
        );
    });

    it("registers the served model in MLflow as the champion of its series", async () => {
        const { run_id: served } = await promotionPointer();
        await eventually(`run ${served} is a champion`, 60, async () => {
            const champion = await kubectl(
                ...["-n", namespace, "exec", "deployment/eval", "--", "python", "-c"],
                CHAMPIONS,
            );
            return champion.split("\n").includes(served) ? true : undefined;
        });
    });

    // Promise: pod-security-standards
    it("runs only pods that Pod Security's restricted profile admits", async () => {
        const labels = (
            await kubectlGet<{ metadata: { labels: Record<string, string> } }>("namespace", namespace)
        ).metadata.labels;
        assert.equal(labels["pod-security.kubernetes.io/enforce"], "restricted");
        // The server names each pod that the level would refuse; pods older than the label would show here.
        const check = await kubectl(
            "label",
            "--dry-run=server",
            "--overwrite",
            "namespace",
            namespace,
            "pod-security.kubernetes.io/enforce=restricted",
        );
        assert.doesNotMatch(check, /violate/);
    });

    // Promise: preprocessing-can-started-hand
    it("processes data again on request, without repeating work", async () => {
        const before = await promotionPointer();
        const log = await preprocess(namespace);
        assert.match(log, /"skip_idempotent"/);
        assert.deepEqual(await promotionPointer(), before);
    });

    it("protects topics in Kafka from clients without a user, and from other services", async () => {
        const pod = ["-n", namespace, "exec", "deployment/preprocess", "--"];
        const answers = await kubectl(...pod, "python", "-c", FOREIGN_CLIENTS);
        const [anonymous, foreign] = answers.trim().split("\n");
        assert.match(anonymous ?? "", /^_(TRANSPORT|TIMED_OUT)$/);
        assert.match(foreign ?? "", /^(TOPIC|GROUP)_AUTHORIZATION_FAILED$/);
    });

    // Promise: preprocess-turns-csv-into
    it("refuses a broken CSV with its file, column and line, and keeps the promoted model", async () => {
        const directory = mkdtempSync(join(tmpdir(), "flts-broken-"));
        try {
            const before = await promotionPointer();
            const broken: Readonly<Record<string, { text: string; says: RegExp }>> = {
                "no-time.csv": { text: "when,down\n2018-01-01,1\n", says: /no-time\.csv.*line 1.*time/ },
                "empty.csv": { text: "", says: /empty\.csv.*empty/ },
                "words.csv": {
                    text: "time,down\n2018-01-01 00:00:00,1\n2018-01-01 00:02:00,many\n",
                    says: /words\.csv.*line 3.*down.*many/,
                },
            };
            for (const [name, { text, says }] of Object.entries(broken)) {
                const path = join(directory, name);
                writeFileSync(path, text);
                const refused = await make("up", `DATASET=${path}`);
                assert.notEqual(refused.code, 0);
                assert.match(refused.everything, says);
            }
            assert.deepEqual(await promotionPointer(), before);
        } finally {
            rmSync(directory, { recursive: true });
        }
    });
});
