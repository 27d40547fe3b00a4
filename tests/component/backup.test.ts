import assert from "node:assert/strict";
import { readSettings } from "../../stacks/settings/read";
import type { Recorded } from "../support/mocks";
import { containers, ofType, one, workloads, type Container } from "../support/objects";
import { deployProgram, settings } from "../support/program";

const CRON_JOB = "kubernetes:batch/v1:CronJob";
const CLAIM = "kubernetes:core/v1:PersistentVolumeClaim";
const POLICY = "minio:index/iamPolicy:IamPolicy";
const OURS = ["backup", "restore", "restore-drill"];
const TARGET = { endpoint: "https://s3.example:9443", bucket: "flts-backup", existingSecret: "target" };

interface CronJobSpec {
    readonly schedule: string;
    readonly suspend: boolean;
    readonly concurrencyPolicy: string;
    readonly jobTemplate: {
        readonly spec: { readonly backoffLimit: number; readonly activeDeadlineSeconds: number };
    };
}

function cronJob(resources: readonly Recorded[], name: string): CronJobSpec {
    return one(resources, CRON_JOB, name).inputs.spec as CronJobSpec;
}

function stepsOf(resources: readonly Recorded[], name: string): Container[] {
    const workload = workloads(resources).find((candidate) => candidate.name === name);
    assert.ok(workload !== undefined, name);
    return containers(workload);
}

const nameOf = ({ name }: { readonly name: string }): string => name;

/** Actions on objects that the policy of a user allows, and the buckets they are allowed on. */
function objectActions(
    resources: readonly Recorded[],
    user: string,
): { actions: Set<string>; buckets: Set<string> } {
    const { policy } = one(resources, POLICY, user).inputs as { policy: string };
    const { Statement } = JSON.parse(policy) as { Statement: { Action: string[]; Resource: string[] }[] };
    const onObjects = Statement.filter(({ Resource }) => Resource.every((name) => name.endsWith("/*")));
    return {
        actions: new Set(onObjects.flatMap(({ Action }) => Action)),
        buckets: new Set(
            onObjects.flatMap(({ Resource }) =>
                Resource.map((name) => name.replace(/^arn:aws:s3:::|\/\*$/g, "")),
            ),
        ),
    };
}

describe("backups", () => {
    let resources: readonly Recorded[];

    before(async () => {
        ({ resources } = await deployProgram(
            settings({ backup: { schedule: "5 1 * * *", drillSchedule: "5 3 * * 6", keep: 9 } }),
        ));
    });

    it("backups and drills run on a schedule, restores only on request", () => {
        assert.deepEqual(
            OURS.map((name) => [cronJob(resources, name).schedule, cronJob(resources, name).suspend]),
            [
                ["5 1 * * *", false],
                ["0 0 1 1 *", true],
                ["5 3 * * 6", false],
            ],
        );
    });

    it("backups, drills and restores never run twice at a time or without a deadline", () => {
        for (const name of OURS) {
            const { concurrencyPolicy, jobTemplate } = cronJob(resources, name);
            assert.equal(concurrencyPolicy, "Forbid", name);
            assert.ok(jobTemplate.spec.backoffLimit <= 2, name);
            assert.ok(jobTemplate.spec.activeDeadlineSeconds <= 6 * 3600, name);
        }
    });

    // Promise: backup-postgresql-minio
    it("a backup copies promotion pointers, then the database, then everything else; a restore uses the reverse order", () => {
        const steps = (name: string): string[] =>
            stepsOf(resources, name).map(
                (step) => `${step.name}: ${step.command[0]} ${step.command[3] ?? ""}`,
            );
        assert.deepEqual(stepsOf(resources, "backup").map(nameOf), ["begin", "dump", "backup"]);
        assert.deepEqual(stepsOf(resources, "restore").map(nameOf), [
            "fetch",
            "objects",
            "database",
            "promotions",
        ]);
        assert.deepEqual(steps("restore-drill"), [
            "fetch: python fetch",
            "database: /bin/sh ",
            "verify: python verify",
        ]);
    });

    for (const [version, image] of [
        ["17", "postgres:17-trixie"],
        ["15", "postgres:15-bookworm"],
    ]) {
        it(`the server, its backups, restores and drills run the programs of postgres.version ${version}`, async () => {
            const deployed = (await deployProgram(settings({ postgres: { version } }))).resources;
            for (const [name, step] of [
                ["postgres", "postgres"],
                ["postgres", "prepare"],
                ["backup", "dump"],
                ["restore", "database"],
                ["restore-drill", "database"],
            ] as const) {
                const container = stepsOf(deployed, name).find((each) => each.name === step);
                assert.equal(container?.image, image, `${name}: ${step}`);
            }
        });
    }

    it("an external server is backed up with the programs of postgres.version", async () => {
        const external = { external: { host: "database.data.svc" }, existingSecret: "login", version: 15 };
        const { resources: declared } = await deployProgram(settings({ postgres: external }));
        const dump = stepsOf(declared, "backup").find(({ name }) => name === "dump");
        assert.equal(dump?.image, "postgres:15-bookworm");
        assert.match(dump.command.join(" "), /-ne 15 /);
    });

    it("a backup has a user that can only read, a restore one that can write", () => {
        const buckets = new Set(["dataset", "inference-logs", "mlflow", "model-promotion", "processed-data"]);
        const backup = objectActions(resources, "backup");
        assert.deepEqual(backup.buckets, buckets);
        assert.deepEqual(backup.actions, new Set(["s3:GetObject"]));
        const restore = objectActions(resources, "restore");
        assert.deepEqual(restore.buckets, buckets);
        assert.ok(restore.actions.has("s3:PutObject"));
    });

    it("the drill has no access to the object store and the database", () => {
        const text = JSON.stringify(stepsOf(resources, "restore-drill"));
        assert.doesNotMatch(text, /secretKeyRef|AWS_/);
    });

    it("backups are kept on a volume of the size in the settings, under the data-loss guard", () => {
        const { inputs, deleteHooks } = one(resources, CLAIM, "backup");
        const { resources: asked } = inputs.spec as { resources: { requests: { storage: string } } };
        assert.equal(asked.requests.storage, "5Gi");
        assert.ok(deleteHooks.length > 0);
        const create = stepsOf(resources, "backup").find(({ name }) => name === "backup");
        const variables = Object.fromEntries((create?.env ?? []).map(({ name, value }) => [name, value]));
        assert.equal(variables.KEEP, "9");
        assert.equal(variables.BUCKETS, "dataset,processed-data,mlflow");
    });

    it("backups contain the prediction logs only if the settings ask for it", async () => {
        const { resources: withLogs } = await deployProgram(settings({ backup: { logs: true } }));
        const create = stepsOf(withLogs, "backup").find(({ name }) => name === "backup");
        const buckets = create?.env.find(({ name }) => name === "BUCKETS");
        assert.equal(buckets?.value, "dataset,processed-data,mlflow,inference-logs");
    });

    it("with a backup target, backups are kept in its bucket, and there is no volume", async () => {
        const elsewhere = (await deployProgram(settings({ backup: { target: TARGET } }))).resources;
        assert.deepEqual(ofType(elsewhere, CLAIM), []);
        for (const step of OURS.flatMap((name) => stepsOf(elsewhere, name))) {
            const names = step.env.map(nameOf);
            assert.equal(names.includes("BACKUP_DIRECTORY"), false, step.name);
            assert.equal(names.includes("TARGET_SECRET_KEY"), step.command[0] === "python", step.name);
        }
    });

    it("backups leave out the database of an external MLflow", async () => {
        const external = (
            await deployProgram(settings({ mlflow: { external: { trackingUri: "https://mlflow.example" } } }))
        ).resources;
        const images = OURS.flatMap((name) => stepsOf(external, name)).map(({ image }) => image);
        assert.equal(images.length, 7);
        assert.ok(images.every((image) => image.includes("preprocess")));
    });

    it("no backups are deployed when they are disabled, or when the stack uses another stack's infrastructure", async () => {
        const { resources: without } = await deployProgram(settings({ backup: { enabled: false } }));
        const names = (recorded: readonly Recorded[]): string[] =>
            recorded
                .filter(({ type }) => type === CRON_JOB || type === POLICY || type === CLAIM)
                .map(nameOf)
                .filter((name) => OURS.includes(name));
        assert.deepEqual(names(without), []);
        const below = await deployProgram(settings({ layers: ["infrastructure"] }));
        assert.deepEqual(names(below.resources).sort(), [
            "backup",
            "backup",
            "backup",
            "restore",
            "restore",
            "restore-drill",
        ]);
    });

    // Promise: series-trained-again-schedule
    it("an incomplete target or a wrong schedule is refused, with the fix", () => {
        const read = (backup: object) => () =>
            readSettings(
                {
                    "flts:backup": JSON.stringify(backup),
                },
                "dev",
            );
        assert.throws(
            read({ target: { endpoint: TARGET.endpoint } }),
            /flts:backup\.target\.endpoint = .* needs flts:backup\.target\.bucket and flts:backup\.target\.existingSecret/,
        );
        for (const schedule of ["daily", "* * * *", "60 1 * * *", "0 24 * * *", "0 1 * * 7"]) {
            assert.throws(read({ schedule }), /flts:backup\.schedule = .*five cron fields in UTC/, schedule);
            assert.throws(
                () => readSettings({ "flts:preprocess": JSON.stringify({ schedule }) }, "dev"),
                /flts:preprocess\.schedule = .*five cron fields in UTC/,
                schedule,
            );
        }
        for (const schedule of ["*/30 * * * 1-5", "0,30 8-18/2 1 */3 0"]) {
            assert.doesNotThrow(read({ schedule }), schedule);
        }
    });
});
