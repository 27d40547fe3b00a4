import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { snapshotTable } from "../../cli/backup";
import { createJob, newestPod, onlyStepOf, withValues } from "../../cli/jobs/job";
import type { Pod } from "../../cli/stack/pods";
import type { Kubectl } from "../../cli/stack/kubectl";
import { chosenSnapshot, findSnapshot } from "../../cli/restore";
import { currentStep, JobWithSteps } from "../../cli/jobs/jobWithSteps";
import { CONTAINER_STATUS } from "../support/containerStatus";

const PATTERN = {
    spec: {
        template: {
            spec: {
                initContainers: [{ name: "fetch", env: [{ name: "SNAPSHOT", value: "latest" }] }, {}],
                containers: [
                    {
                        env: [
                            { name: "SNAPSHOT", value: "latest" },
                            { name: "KEEP", value: "7" },
                        ],
                    },
                ],
            },
        },
    },
};

const pattern = (): typeof PATTERN => structuredClone(PATTERN);

function pod(...steps: readonly (readonly [string, object])[]): Pod {
    const statuses = steps.map(([name, state]) => ({ ...CONTAINER_STATUS, name, state }));
    return {
        metadata: { name: "pod" },
        spec: { containers: [] },
        status: { initContainerStatuses: statuses.slice(0, -1), containerStatuses: statuses.slice(-1) },
    };
}

const DONE = { terminated: { exitCode: 0 } };
const WAITS = { waiting: { reason: "PodInitializing" } };

/** A cluster that answers by the first words of a command, from lists whose last answer stays. */
function cluster(answers: Readonly<Record<string, string[]>>): { kubectl: Kubectl; asked: string[] } {
    const asked: string[] = [];
    const kubectl: Kubectl = (...parameters) => {
        const command = parameters.join(" ");
        asked.push(command);
        const [, list = []] = Object.entries(answers).find(([start]) => command.startsWith(start)) ?? [];
        const answer = list.length > 1 ? list.shift() : list[0];
        return answer === undefined ? Promise.reject(new Error(command)) : Promise.resolve(answer);
    };
    return { kubectl, asked };
}

const pods = (...items: readonly Pod[]): string => JSON.stringify({ items });
const job = (condition?: string): string =>
    JSON.stringify({
        status: condition === undefined ? {} : { conditions: [{ type: condition, status: "True" }] },
    });

describe("a Job that is made from a CronJob", () => {
    it("a Job of a CronJob has other values if given, in every container that has the variable", () => {
        const { initContainers, containers } = withValues(pattern(), { SNAPSHOT: "x", OTHER: "y" }).spec
            .template.spec;
        assert.deepEqual(initContainers, [{ name: "fetch", env: [{ name: "SNAPSHOT", value: "x" }] }, {}]);
        assert.deepEqual(containers[0]?.env, [
            { name: "SNAPSHOT", value: "x" },
            { name: "KEEP", value: "7" },
        ]);
    });

    it("the complete Job is passed to kubectl in a file, which is then deleted", async () => {
        let handed = "";
        const kubectl: Kubectl = (...parameters) => {
            if (parameters[1] === "--filename") {
                handed = readFileSync(parameters[2] ?? "", "utf8");
            }
            return Promise.resolve(JSON.stringify(PATTERN));
        };
        const name = await createJob(kubectl, "flts", "restore", "flts:backup.enabled", {
            values: { SNAPSHOT: "x" },
        });
        assert.match(name, /^restore-\d{14}$/);
        assert.match(handed, /"SNAPSHOT","value":"x"/);
    });

    it("has one of the pattern's steps alone where that is asked for, and is refused where there is none", () => {
        const { spec } = onlyStepOf(pattern(), "fetch").spec.template;
        assert.deepEqual(spec.containers, [pattern().spec.template.spec.initContainers[0]]);
        assert.equal(spec.initContainers, undefined);
        assert.throws(
            () => onlyStepOf(pattern(), "other"),
            /the CronJob has no step other: run `make up`, which updates it/,
        );
    });

    it("a Job without its CronJob is refused, naming the setting", async () => {
        await assert.rejects(
            createJob(cluster({}).kubectl, "flts", "backup", "flts:backup.enabled"),
            /no CronJob backup in namespace flts: set flts:backup\.enabled to true and run `make up`/,
        );
    });

    it("the log of a Job is that of the pod that it created last", async () => {
        const made = (name: string, creationTimestamp: string): Pod => ({
            ...pod(["a", DONE]),
            metadata: { name, creationTimestamp },
        });
        const items = pods(made("second", "2026-01-01T00:01:00Z"), made("first", "2026-01-01T00:00:00Z"));
        const newest = await newestPod(cluster({ "get pods": [items] }).kubectl, "job");
        assert.equal(newest?.metadata?.name, "second");
    });
});

describe("steps of a pod", () => {
    it("the running or failed step of a pod is reported", () => {
        const step = (...steps: readonly (readonly [string, object])[]): string | undefined => {
            const current = currentStep(pod(...steps));
            return current && `${current.name} ${current.detail}`.trim();
        };
        assert.equal(step(["begin", { running: {} }], ["dump", WAITS], ["backup", WAITS]), "begin");
        assert.equal(step(["begin", DONE], ["dump", { running: {} }], ["backup", WAITS]), "dump");
        assert.equal(
            step(["begin", DONE], ["dump", { terminated: { exitCode: 1 } }], ["backup", WAITS]),
            "dump failed with code 1",
        );
        assert.equal(
            step(["begin", { waiting: { reason: "ImagePullBackOff" } }], ["backup", WAITS]),
            "begin ImagePullBackOff",
        );
        assert.equal(step(["begin", DONE], ["backup", DONE]), undefined);
    });

    it("the steps of a pod are followed to the end, with what was copied", async () => {
        const { kubectl } = cluster({
            "get cronjob": [""],
            "create job": [JSON.stringify(PATTERN)],
            "create --filename": [""],
            "get job": [job(), job("Complete")],
            "get pods": [pods(pod(["begin", DONE], ["backup", { running: {} }]))],
            logs: ['{"event":"copying","bucket":"mlflow","objects":7,"new_bytes":2000}\nother text\n'],
        });
        const run = await JobWithSteps.start(kubectl, "flts", "backup");
        const reported: string[] = [];
        await run.finish((_, detail) => reported.push(detail ?? ""));
        assert.deepEqual(reported, ["backup mlflow: 7 objects, 2.0 kB new"]);
        assert.equal((await run.lines())[0]?.event, "copying");
    });

    it("find the snapshot by its name in a Job of their first alone", async () => {
        const { kubectl, asked } = cluster({
            "get cronjob": [""],
            "create job": [JSON.stringify(PATTERN)],
            "create --filename": [""],
            "get job": [job("Complete")],
            "get pods": [pods(pod(["fetch", DONE]))],
            logs: ['{"event":"snapshot_chosen","snapshot":"20260131T021700Z"}\n'],
        });
        const found = await findSnapshot(kubectl, "flts", "latest", () => undefined);
        assert.equal(found, "20260131T021700Z");
        assert.ok(!asked.some((command) => command.startsWith("scale")));
    });

    it("a failed step ends the run with its log", async () => {
        const { kubectl, asked } = cluster({
            "get cronjob": [""],
            "create job": [JSON.stringify(PATTERN)],
            "create --filename": [""],
            "get job": [job("Failed")],
            "get pods": [pods(pod(["objects", DONE], ["database", { terminated: { exitCode: 1 } }]))],
            logs: ["pg_restore: error: no"],
        });
        const run = await JobWithSteps.start(kubectl, "flts", "restore");
        await assert.rejects(
            run.finish(() => undefined),
            /failed at database:\npg_restore: error: no/,
        );
        assert.ok(asked.includes("logs pod --container database --tail 1000"));
    });
});

describe("the snapshot that is restored", () => {
    it("a restore needs the name of its snapshot", () => {
        assert.equal(chosenSnapshot({ SNAPSHOT: " latest " }), "latest");
        assert.equal(chosenSnapshot({ SNAPSHOT: "20260131T021700Z" }), "20260131T021700Z");
        for (const SNAPSHOT of ["", "yesterday", undefined]) {
            assert.throws(() => chosenSnapshot({ SNAPSHOT }), /SNAPSHOT=.*name the backup to restore/);
        }
    });

    it("`make backup` prints the snapshot that a restore takes", () => {
        const complete = { event: "backup_complete", snapshot: "20260131T021700Z", objects: 3, bytes: 5_000 };
        assert.match(
            snapshotTable({ ...complete, new_bytes: 10, database_bytes: null }),
            /^snapshot +20260131T021700Z\nobjects +3, 5\.0 kB\ndatabase +none: MLflow is elsewhere\nnew since the last +10 B$/,
        );
        assert.match(snapshotTable({ ...complete, new_bytes: 10, database_bytes: 200 }), /database +200 B/);
    });
});
