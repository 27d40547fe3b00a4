import assert from "node:assert/strict";
import { toolPath } from "../../toolchain/tools/paths";
import { clusterEnvironment, kubectl, kubectlGet, make, run, succeed } from "../support/commands";
import { runDocumented } from "../support/documented";
import { mlflowLogin } from "../support/mlflow";
import { eventually, served } from "../support/processing";
import { rolledOut } from "../support/serving";
import { deployStack } from "../support/stack";

const inference = "http://127.0.0.1:30023";
const mlflow = "http://127.0.0.1:30500";
const namespace = "flts";

interface Pointer {
    readonly run_id: string;
    readonly config_hash: string;
    readonly model_type: string;
}

interface Job {
    metadata: { name: string };
    spec: {
        template: { spec: { initContainers?: object[]; containers: { command: string[] }[] } };
    };
}

/** Jobs that a test created; some fail on purpose, and no alert should continue to report them. */
const jobs: string[] = [];

/** Runs Python with a tier's own credentials and gives what it printed. */
function python(tier: string, program: string): Promise<string> {
    return kubectl("exec", "--namespace", namespace, `deployment/${tier}`, "--", "python", "-c", program);
}

const S3 = "import boto3, hashlib, sys; s3 = boto3.client('s3'); ";

/** The promotion pointer; undefined where there is none. */
async function pointer(): Promise<Pointer | undefined> {
    const text = await python(
        "eval",
        `${S3}found = s3.list_objects_v2(Bucket='model-promotion', Prefix='global/current.json').get('Contents'); ` +
            "print(s3.get_object(Bucket='model-promotion', Key='global/current.json')['Body'].read().decode() if found else '')",
    );
    return text.trim() === "" ? undefined : (JSON.parse(text) as Pointer);
}

/** Whether MLflow knows a run. */
async function knows(runId: string): Promise<boolean> {
    const login = await mlflowLogin();
    return (await fetch(`${mlflow}/api/2.0/mlflow/runs/get?run_id=${runId}`, { headers: login })).ok;
}

/** Digests of all artifacts of a run, by key. */
async function artifacts(runId: string): Promise<string> {
    return python(
        "mlflow",
        `${S3}keys = [o['Key'] for p in s3.get_paginator('list_objects_v2').paginate(Bucket='mlflow') ` +
            `for o in p.get('Contents', []) if '/${runId}/' in o['Key']]; ` +
            "print([(k, hashlib.sha256(s3.get_object(Bucket='mlflow', Key=k)['Body'].read()).hexdigest()) for k in sorted(keys)])",
    );
}

/** Makes a Job of a CronJob's pattern, waits for its end, and says whether it succeeded. */
async function runJob(
    cronJob: string,
    name: string,
    change: (job: Job) => void = () => undefined,
): Promise<boolean> {
    const from = ["create", "job", name, `--from=cronjob/${cronJob}`, "--namespace", namespace];
    const job = JSON.parse(await kubectl(...from, "--dry-run=client", "--output", "json")) as Job;
    change(job);
    jobs.push(name);
    await succeed(toolPath("kubectl"), ["create", "--namespace", namespace, "--filename", "-"], {
        environment: clusterEnvironment(),
        input: JSON.stringify(job),
    });
    return eventually(`${name} ends`, 180, async () => {
        const { status } = await kubectlGet<{ status: { conditions?: { type: string; status: string }[] } }>(
            ...["job", name, "--namespace", namespace],
        );
        const ended = status.conditions?.find(
            ({ type, status: is }) => ["Complete", "Failed"].includes(type) && is === "True",
        );
        return ended === undefined ? undefined : ended.type;
    }).then((type) => type === "Complete");
}

/** Runs a command in a pod that has the volume of the backups. */
async function onVolume(name: string, command: readonly string[]): Promise<string> {
    const succeeded = await runJob("backup", name, ({ spec }) => {
        const pod = spec.template.spec;
        delete pod.initContainers;
        for (const container of pod.containers) {
            container.command = [...command];
        }
    });
    const log = await kubectl("logs", `job/${name}`, "--namespace", namespace);
    assert.ok(succeeded, log);
    return log.trim();
}

/** Bytes in a line that `make backup` ends with. */
function size(output: string, label: string): number {
    const [, amount, unit = ""] = new RegExp(`^${label} .*?([\\d.]+) (\\w+)$`, "m").exec(output) ?? [];
    return Number(amount) * 1000 ** ["B", "kB", "MB", "GB"].indexOf(unit);
}

async function backUp(): Promise<string> {
    const { output, everything } = await runDocumented("docs/upgrades.md", "make backup STACK=prod", {
        replace: { prod: "dev" },
        show: true,
    });
    return /^snapshot +(\d{8}T\d{6}Z)$/m.exec(output)?.[1] ?? assert.fail(everything);
}

describe("backups of a running stack", function () {
    this.timeout(10 * 60_000);

    let snapshot: string;
    let promoted: Pointer;

    before(async () => {
        await deployStack();
        promoted = (await pointer()) ?? assert.fail("no model was promoted");
    });

    after(async () => {
        if (jobs.length > 0) {
            await kubectl("delete", "job", ...jobs, "--namespace", namespace, "--ignore-not-found");
        }
    });

    // Promise: backup-postgresql-minio
    it("a backup is made on request, and reports what it contains", async () => {
        snapshot = await backUp();
    });

    it("a backup copies only what has changed since the previous one", async () => {
        const { output } = await runDocumented("components/operations/backup.md", "make backup");
        const [, objects = ""] = /^objects +(\d+),/m.exec(output) ?? [];
        assert.ok(Number(objects) > 10, output);
        // The dump alone is written again, and what was asked of inference meanwhile.
        assert.ok(size(output, "new since the last") < 1.1 * size(output, "database") + 100_000, output);
    });

    // Promise: was-lost-restored
    it("a restore brings back a lost pointer, a lost model and MLflow's lost runs, and inference serves them", async () => {
        const before = await artifacts(promoted.run_id);
        await python(
            "eval",
            `${S3}[s3.delete_object(Bucket='model-promotion', Key=o['Key']) for p in s3.get_paginator('list_objects_v2').paginate(Bucket='model-promotion') ` +
                `for o in p.get('Contents', []) if o['Key'].endswith('current.json')]`,
        );
        await python(
            "mlflow",
            `${S3}[s3.delete_object(Bucket='mlflow', Key=o['Key']) for p in s3.get_paginator('list_objects_v2').paginate(Bucket='mlflow') ` +
                `for o in p.get('Contents', []) if '/${promoted.run_id}/' in o['Key']]`,
        );
        await python(
            "mlflow",
            "import psycopg2; c = psycopg2.connect(''); c.cursor().execute('truncate runs cascade'); c.commit()",
        );
        assert.equal(await pointer(), undefined);
        assert.equal((await artifacts(promoted.run_id)).trim(), "[]");
        assert.equal(await knows(promoted.run_id), false);

        const restored = await runDocumented(
            "components/operations/backup.md",
            "make restore SNAPSHOT=latest",
            { replace: { latest: snapshot }, show: true },
        );
        assert.match(
            restored.output,
            new RegExp(`^Restored \\d+ objects and MLflow's database from ${snapshot}\\.$`, "m"),
        );
        assert.deepEqual(await pointer(), promoted);
        assert.equal(await artifacts(promoted.run_id), before);
        assert.equal(await knows(promoted.run_id), true);

        await runDocumented(
            "components/operations/backup.md",
            "kubectl -n flts scale deployment mlflow preprocess eval train-gru train-lstm nonml-prophet --replicas=1",
            { environment: clusterEnvironment() },
        );

        // What is in memory proves nothing: new pods have to find the model again.
        await kubectl("rollout", "restart", "deployment/inference", "--namespace", namespace);
        await rolledOut("inference");
        const ready = await served(inference, promoted.config_hash);
        assert.equal(ready.run_id, promoted.run_id);
    });

    it("a restore refuses a snapshot that does not exist, and lists those that do", async () => {
        const generations = async (): Promise<string> =>
            kubectl(
                "get",
                "deployments",
                "--namespace",
                namespace,
                "--output",
                "jsonpath={.items[*].metadata.generation}",
            );
        const before = await generations();
        const refused = await make("restore", "SNAPSHOT=20200101T000000Z");
        assert.notEqual(refused.code, 0);
        assert.equal(await generations(), before, "a service was stopped for a snapshot that is not there");
        assert.match(refused.everything, new RegExp(`there are: .*${snapshot}`));
        const unnamed = await run("make", ["--no-print-directory", "restore"]);
        assert.match(unnamed.everything, /name the backup to restore/);
    });

    it("the drill restores the newest backup into its own database", async () => {
        assert.ok(await runJob("restore-drill", "drill-passes"));
        const log = await kubectl("logs", "job/drill-passes", "--namespace", namespace);
        assert.match(log, /"problems": ?0/);
    });

    // Promise: backup-tried-before-needed
    it("the drill fails when one byte of a backup is wrong, and passes once that is repaired", async () => {
        const flip = [
            "import glob, json",
            "objects = map(json.loads, open(sorted(glob.glob('/backup/snapshots/*/objects.jsonl'))[-1]))",
            "model = next(o for o in objects if o['key'].endswith('/model.onnx'))",
            "path = '/backup/objects/' + model['sha256']",
            "content = bytearray(open(path, 'rb').read())",
            "content[0] ^= 255",
            "open(path, 'wb').write(content)",
            "print(path)",
        ].join("; ");
        const damaged = await onVolume("drill-damage", ["python", "-c", flip]);
        assert.equal(await runJob("restore-drill", "drill-fails"), false);
        const log = await kubectl(
            ...["logs", "job/drill-fails", "--all-containers", "--namespace", namespace],
        );
        assert.match(log, new RegExp(`content ${damaged.split("/").pop() ?? "?"} is damaged`));

        const environment = clusterEnvironment();
        jobs.push("repair");
        await runDocumented(
            "components/operations/backup.md",
            `kubectl -n flts create job repair --from=cronjob/backup --dry-run=client --output=json |
  jq 'del(.spec.template.spec.initContainers) |
      .spec.template.spec.containers[0].command = ["rm", "/backup/objects/<sha256>"]' |
  kubectl -n flts create --filename=-`,
            { replace: { "<sha256>": damaged.split("/").pop() ?? "?" }, environment },
        );
        await runDocumented(
            "components/operations/backup.md",
            "kubectl -n flts wait --for=condition=complete job/repair --timeout=180s",
            { environment },
        );
        await backUp();
        assert.ok(await runJob("restore-drill", "drill-passes-again"));
    });
});
