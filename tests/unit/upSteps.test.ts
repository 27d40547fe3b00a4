import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { imagesWithoutProgram } from "../../toolchain/images/beside";
import { images } from "../../toolchain/images/catalogue";
import { Journal } from "../../toolchain/steps/journal";
import { announcement, closing, planUp, type Situation } from "../../toolchain/steps/plan";
import { isDeployed } from "../../toolchain/steps/stackFiles";
import { together } from "../../toolchain/tools/together";

const minute = 60_000;
const unknown = (): undefined => undefined;
const newMachine: Situation = {
    embedded: true,
    tools: { count: 17, expected: 20 * minute },
    images: { count: 20, withoutProgram: 4 * minute, withProgram: minute },
    clusterIsUp: false,
    stackIsDeployed: false,
    imageCount: 20,
};
const nothingToDo: Situation = {
    ...newMachine,
    tools: { count: 0, expected: 0 },
    images: { count: 0, withoutProgram: 0, withProgram: 0 },
    clusterIsUp: true,
    stackIsDeployed: true,
};

describe("the steps of make up", () => {
    const names = (situation: Situation): string[] =>
        planUp(situation, unknown).steps.map(({ name }) => name);

    it("make up has all steps on a new machine, and later only those that have something to do", () => {
        assert.deepEqual(names(newMachine), ["tools", "images", "cluster", "load", "update", "forecast"]);
        assert.deepEqual(names(nothingToDo), ["update", "forecast"]);
        assert.deepEqual(names({ ...nothingToDo, images: { count: 1, withoutProgram: 9, withProgram: 0 } }), [
            "images",
            "load",
            "update",
            "forecast",
        ]);
        assert.deepEqual(names({ ...newMachine, embedded: false }), ["tools", "update", "forecast"]);
    });

    it("make up announces the times of a first update for a stack that is not deployed yet, also on a cluster that runs", () => {
        const details = (situation: Situation): (readonly [string, number])[] =>
            planUp(situation, unknown).steps.map(({ detail, expected }) => [detail, expected] as const);
        const first = [
            ["create the stack", minute],
            ["train the models", minute],
        ] as const;
        const furtherStack = { ...nothingToDo, stackIsDeployed: false };
        assert.deepEqual(details(furtherStack), first);
        assert.deepEqual(details({ ...furtherStack, embedded: false }), first);
        assert.deepEqual(details({ ...nothingToDo, embedded: false, clusterIsUp: false }), [
            ["update the stack", minute / 2],
            ["read the forecast", minute / 6],
        ]);
        assert.deepEqual(details({ ...nothingToDo, clusterIsUp: false }).slice(-2), first);
    });

    it("images that are built while tools are built are counted once", () => {
        const { steps, total } = planUp(newMachine, unknown);
        const expected = (name: string): number | undefined =>
            steps.find((step) => step.name === name)?.expected;
        assert.equal(expected("tools"), 20 * minute);
        assert.equal(expected("images"), minute);
        assert.equal(
            total,
            steps.reduce((sum, step) => sum + step.expected, 0),
        );
        const fewTools = planUp({ ...newMachine, tools: { count: 1, expected: minute } }, unknown);
        assert.equal(fewTools.steps[0]?.expected, 4 * minute);
    });

    it("steps are expected to take what they took on this machine", () => {
        const known = new Map([
            ["load-per-image", 2_000],
            ["cluster-start", 5_000],
        ]);
        const { steps } = planUp(newMachine, (name) => known.get(name));
        assert.equal(steps.find(({ name }) => name === "load")?.expected, 40_000);
        assert.equal(steps.find(({ name }) => name === "cluster")?.expected, 5_000);
    });

    it("steps are announced one a line, aligned and with their times, within 80 columns", () => {
        const lines = announcement(planUp(newMachine, unknown)).split("\n");
        assert.match(lines[0] ?? "", /^About \d+m\d\ds until the forecast:$/);
        assert.equal(lines[1], "  tools     20m00s  17 to get or build, and images meanwhile");
        assert.equal(lines[2], "  images     1m00s  those of 20 that wait for a tool");
        assert.ok(lines.every((line) => line.length <= 80));
        assert.equal(lines.length, 7);
    });

    it("make up ends with the time that each step took, without steps that did not run", () => {
        const plan = planUp(nothingToDo, unknown);
        assert.equal(
            closing(plan, new Map([["update", 12_000]]), 15_000),
            "  update     12s  expected 30s\n  in all     15s  expected 40s",
        );
    });
});

describe("a stack counts as deployed", () => {
    let directory: string;
    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), "flts-stacks-"));
    });
    afterEach(() => {
        rmSync(directory, { recursive: true });
    });

    const writeState = (backend: string, stack: string, latest: object): void => {
        const folder = join(backend, ".pulumi", "stacks", "flts");
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, `${stack}.json`), JSON.stringify({ version: 3, checkpoint: { latest } }));
    };
    const root = { urn: "urn:pulumi:a::flts::pulumi:pulumi:Stack::flts-a", type: "pulumi:pulumi:Stack" };

    it("a stack is deployed once an update of it succeeded, and not after stack init, a failed first update or a destroy", () => {
        const backend = join(directory, "stacks", "backend");
        const environment = { FLTS_STATE: directory, PULUMI_BACKEND_URL: "" };
        writeState(backend, "updated", { resources: [{ ...root, outputs: { namespace: "flts" } }] });
        writeState(backend, "failed", { resources: [root] });
        writeState(backend, "destroyed", { resources: [] });
        writeState(backend, "initialized", {});
        assert.deepEqual(
            ["updated", "failed", "destroyed", "initialized", "unknown"].filter((stack) =>
                isDeployed(stack, environment),
            ),
            ["updated"],
        );
    });

    it("a stack is deployed by the state in the backend that PULUMI_BACKEND_URL names, or by this machine's settings if that is remote", () => {
        writeState(join(directory, "elsewhere"), "a", {
            resources: [{ ...root, outputs: { namespace: "flts" } }],
        });
        const folder = { FLTS_STATE: directory, PULUMI_BACKEND_URL: `file://${directory}/elsewhere` };
        assert.deepEqual([isDeployed("a", folder), isDeployed("b", folder)], [true, false]);
        mkdirSync(join(directory, "stacks"));
        writeFileSync(join(directory, "stacks", "Pulumi.b.yaml"), "config: {}");
        const bucket = { FLTS_STATE: directory, PULUMI_BACKEND_URL: "s3://states" };
        assert.deepEqual([isDeployed("a", bucket), isDeployed("b", bucket)], [false, true]);
    });
});

describe("the journal of make up", () => {
    let directory: string;
    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), "flts-journal-"));
    });
    afterEach(() => {
        rmSync(directory, { recursive: true });
    });

    it("the journal combines the steps of several processes, and is the next run's source", async () => {
        const plan = planUp(newMachine, unknown);
        new Journal(directory).begin(plan, 1_000);
        new Journal(directory).loaded(20, 60_000);
        await new Journal(directory).measure("cluster", () => Promise.resolve());
        const end = new Journal(directory).end(91_000);
        assert.deepEqual([...(end?.took.keys() ?? [])], ["load", "cluster"]);
        assert.deepEqual([end?.plan, end?.took.get("load"), end?.elapsed], [plan, 60_000, 90_000]);
        const next = new Journal(directory);
        assert.equal(next.durations.get("load-per-image"), 3_000);
        assert.ok((next.durations.get("cluster-start") ?? minute) < minute);
        assert.equal(next.end(0), undefined);
    });

    it("the journal keeps nothing of a failed step, nor of one outside a run", async () => {
        await new Journal(directory).measure("cluster", () => Promise.resolve());
        assert.equal(new Journal(directory).end(0), undefined);
        new Journal(directory).begin(planUp(newMachine, unknown), 0);
        await assert.rejects(
            new Journal(directory).measure("cluster", () => Promise.reject(new Error("broken"))),
            /broken/,
        );
        assert.deepEqual([...(new Journal(directory).end(0)?.took.keys() ?? [])], []);
    });
});

describe("images that are built while Go compiles", () => {
    it("images that are built while Go compiles need no program of the toolchain, nor do their parents", () => {
        const beside = imagesWithoutProgram(images);
        assert.ok(beside.some(({ name }) => name === "trainer"));
        assert.ok(!beside.some(({ name }) => name === "minio"));
        const names = beside.map(({ name }) => name);
        assert.deepEqual(
            beside.filter(({ parent }) => parent !== undefined && !names.includes(parent)),
            [],
        );
    });
});

describe("works at a time", () => {
    it("parallel work stops with the first error, after all of it has ended", async () => {
        let ended = false;
        await assert.rejects(
            together([
                () => Promise.reject(new Error("image trainer")),
                async (signal) => {
                    await new Promise<void>((resolve) => {
                        signal.addEventListener("abort", () => {
                            resolve();
                        });
                    });
                    ended = true;
                    throw new Error("interrupted");
                },
            ]),
            /^Error: image trainer$/,
        );
        assert.ok(ended);
    });

    it("parallel work ends when all of it is done", async () => {
        const done: number[] = [];
        await together([1, 2].map((each) => () => Promise.resolve(void done.push(each))));
        assert.deepEqual(done, [1, 2]);
    });
});
