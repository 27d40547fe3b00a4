import assert from "node:assert/strict";
import { MODEL_TYPES, TRAINER_NAMES } from "../../components/contract";
import { formatDuration } from "../../toolchain/console";
import { kubectl } from "../support/commands";
import { eventually, logsOf, Processing, promotionsOf, served } from "../support/processing";
import { deployStack } from "../support/stack";

const inference = "http://127.0.0.1:30023";
const namespace = "flts";
const trainers = MODEL_TYPES.map((type) => TRAINER_NAMES[type]);

/** Makes configurations of their own out of the same data, also over volumes that an earlier run filled. */
const salt = Date.now().toString(36);

/**
 * How a pod is killed. Without an identity of its own it goes at once. Of a StatefulSet, the API server must not
 * forget the old pod before the node has ended it: two servers would write to one volume. It gets one second.
 */
const KILL = {
    stateless: ["--grace-period=0", "--force"],
    stateful: ["--grace-period=1", "--wait=true"],
} as const;

interface Victim {
    readonly name: string;
    readonly selector: string;
    readonly kind: keyof typeof KILL;
}

const tier = (name: string, kind: Victim["kind"]): Victim => ({
    name,
    selector: `app.kubernetes.io/name=${name}`,
    kind,
});

/** Pods without which a run cannot end, apart from the processing itself. */
const VICTIMS: readonly Victim[] = [
    ...trainers.map((name) => tier(name, "stateless")),
    tier("eval", "stateless"),
    tier("mlflow", "stateless"),
    tier("kafka", "stateful"),
    tier("postgres", "stateful"),
    { name: "minio", selector: "app=minio", kind: "stateful" },
];

async function kill({ name, selector, kind }: Victim): Promise<void> {
    const said = await kubectl(
        "delete",
        "pods",
        "--namespace",
        namespace,
        "--selector",
        selector,
        ...KILL[kind],
    );
    assert.match(said, /pod .* (force )?deleted/, `there was no pod of ${name}`);
}

/** Stops the broker, or starts it again; returns when that is done. */
async function scaleKafka(replicas: number): Promise<void> {
    const kafka = "statefulset/kafka";
    await kubectl("scale", "--namespace", namespace, kafka, `--replicas=${replicas}`);
    await kubectl("rollout", "status", "--namespace", namespace, kafka, "--timeout=120s");
    if (replicas === 0) {
        await kubectl("wait", "--namespace", namespace, "--for=delete", "pod/kafka-0", "--timeout=60s");
    }
}

/** Waits until a trainer has begun with a configuration. */
async function training(trainer: string, hash: string): Promise<void> {
    await eventually(`${trainer} begins with ${hash}`, 120, async () => {
        const log = await logsOf(`deployment/${trainer}`, "--since", "5m");
        return (
            log.split("\n").some((line) => line.includes("train_start") && line.includes(hash)) || undefined
        );
    });
}

/** The evaluator's own count of claims that wait for a model family. */
async function claimsWaiting(): Promise<number> {
    const program =
        "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8050/metrics').read().decode())";
    const text = await kubectl(
        "exec",
        "--namespace",
        namespace,
        "deployment/eval",
        "--",
        "python",
        "-c",
        program,
    );
    return Number(/^evaluator_claims_waiting (\S+)$/m.exec(text)?.[1]);
}

describe("a run of the pipeline in which a pod is killed", function () {
    this.timeout(10 * 60_000);

    const hashes: string[] = [];

    before(async function () {
        this.timeout(30 * 60_000);
        await deployStack();
    });

    /** What every run must end with, however it went. */
    async function endsWithOnePromotion(hash: string): Promise<void> {
        hashes.push(hash);
        const ready = await served(inference, hash);
        const promotions = await promotionsOf(hash);
        assert.deepEqual(
            promotions.map(({ run_id }) => run_id),
            [ready.run_id],
        );
    }

    async function processed(name: string): Promise<string> {
        return (await Processing.start(`${name}-${salt}`)).announced();
    }

    // Promise: faults-stay-where-they
    it("preprocess: another pod completes the pass, and one model is promoted", async () => {
        const started = Date.now();
        let processing: Processing;
        // Without Kafka it waits where a death costs most, between what it stored and what it announces; the sample alone
        // is done in less time than it takes to see that it began.
        await scaleKafka(0);
        try {
            processing = await Processing.start(`preprocess-${salt}`);
            await processing.says("upload_done");
            await kill({ name: "preprocess", selector: processing.selector, kind: "stateless" });
        } finally {
            await scaleKafka(1);
        }
        const killed = Date.now() - started;
        await endsWithOnePromotion(await processing.announced());
        console.log(
            `      preprocess: killed after ${formatDuration(killed)}, served after ${formatDuration(Date.now() - started)}`,
        );
    });

    for (const victim of VICTIMS) {
        it(`${victim.name}: the run continues, and one model is promoted`, async () => {
            const started = Date.now();
            const hash = await processed(victim.name);
            // A trainer is killed at its own work; whatever the trainers depend on, at the first one's.
            await training(trainers.find((name) => name === victim.name) ?? trainers[0] ?? "", hash);
            await kill(victim);
            const killed = Date.now() - started;
            await endsWithOnePromotion(hash);
            console.log(
                `      ${victim.name}: killed after ${formatDuration(killed)}, served after ${formatDuration(Date.now() - started)}`,
            );
        });
    }

    // Promise: evaluator-waits-all-model
    it("nothing is promoted while a model family has not reported, and metrics show that the claim waits", async () => {
        const [absent = ""] = trainers;
        const scale = (replicas: number) =>
            kubectl("scale", "--namespace", namespace, `deployment/${absent}`, `--replicas=${replicas}`);
        await scale(0);
        try {
            const hash = await processed("absent");
            await eventually("the evaluator waits", 180, async () =>
                (await claimsWaiting()) === 1 ? true : undefined,
            );
            assert.deepEqual(await promotionsOf(hash), []);
            await scale(1);
            await endsWithOnePromotion(hash);
        } finally {
            await scale(1);
        }
    });

    it("new pods forecast within 30 seconds while MLflow and PostgreSQL are scaled to zero", async () => {
        const hash = hashes.at(-1) ?? (await processed("without-mlflow"));
        const promoted = await served(inference, hash);
        const servers = ["deployment/mlflow", "statefulset/postgres"];
        const scale = async (replicas: number): Promise<void> => {
            await kubectl("scale", "--namespace", namespace, ...servers, `--replicas=${replicas}`);
            // Both are scaled before either is waited for: MLflow starts once PostgreSQL answers.
            for (const server of servers) {
                await kubectl("rollout", "status", "--namespace", namespace, server, "--timeout=180s");
            }
        };
        await scale(0);
        try {
            await kill(tier("inference", "stateless"));
            const killed = Date.now();
            const ready = await served(inference, hash);
            const took = Date.now() - killed;
            assert.equal(ready.run_id, promoted.run_id);
            assert.ok(took < 30_000, formatDuration(took));
        } finally {
            await scale(1);
        }
    });

    it("no configuration is promoted twice", async () => {
        assert.ok(hashes.length > 0);
        for (const hash of hashes) {
            assert.equal((await promotionsOf(hash)).length, 1, hash);
        }
    });
});
