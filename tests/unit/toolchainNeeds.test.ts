import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { engineNames, findEngine, requireEngine, type Refusal } from "../../toolchain/images/engines";
import { endingProgram } from "../../toolchain/images/engineTrial";
import { images } from "../../toolchain/images/catalogue";
import {
    clusterPrograms,
    needsOf,
    targetNames,
    type ImageFacts,
    type Needs,
} from "../../toolchain/tools/needs";
import { cachedToolNames, pulumiSet } from "../../toolchain/tools/pins";
import { requirePrerequisites, type Machine } from "../../toolchain/tools/prerequisites";
import { systemPrograms } from "../../toolchain/tools/systemPrograms";

const root = join(__dirname, "..", "..");
const own = { fromBundle: false, usesRegistry: false, requested: new Set<string>() };
const nothingKnown: ImageFacts = { ...own, makesOfficial: true, hasEngine: false };

/** Targets of the Makefile whose rule names `needed-tools`, by themselves or through another target. */
function targetsWithTools(): string[] {
    const rules = readFileSync(join(root, "Makefile"), "utf8").matchAll(/^([a-z-]+):([^#\n]*)/gm);
    const prerequisites = new Map([...rules].map(([, target = "", list = ""]) => [target, list]));
    const takes = (target: string): boolean =>
        [...(prerequisites.get(target) ?? "").matchAll(/[a-z-]+/g)].some(
            ([name]) => name === "needed-tools" || (name !== target && takes(name)),
        );
    return [...prerequisites.keys()].filter(takes);
}

describe("tools by make target", () => {
    for (const target of targetNames.filter(
        (name) => !["tools", "images", "bundle", "sbom", "cluster-up"].includes(name),
    )) {
        it(`make ${target} CONTEXT=… takes kubectl and Pulumi alone: no root, Go or Java program of the cluster`, () => {
            const needs = needsOf(target, false, nothingKnown);
            assert.deepEqual(needs.tools, ["kubectl", ...pulumiSet]);
            assert.deepEqual(needs.programs, ["flock"]);
            assert.deepEqual(needs.root, []);
        });
    }

    it("no target but `make tools` takes what only tests and stacks with other settings use", () => {
        const others = ["kwok", "promtool", "postgresql-15", "oauth2-proxy", "skopeo", "chromium"];
        for (const target of targetNames.filter((name) => name !== "tools")) {
            const { tools, programs } = needsOf(target, true, nothingKnown);
            assert.deepEqual(
                [...tools, ...programs].filter((name) => others.includes(name)),
                [],
                target,
            );
        }
        const { tools, programs } = needsOf("tools", true, nothingKnown);
        assert.deepEqual(
            others.filter((name) => !([...tools, ...programs] as string[]).includes(name)),
            [],
        );
    });

    it("`make up` on a new machine builds the cluster, the Pulumi set and the programs of its images, and nothing else", () => {
        const programOf = (name: string): string | undefined =>
            images.find((image) => image.name === name)?.program;
        const needed = [
            "kubectl",
            ...pulumiSet,
            ...clusterPrograms,
            ...["minio", "prometheus", "kube-state-metrics", "victoria-logs", "vlagent"].map(programOf),
        ];
        assert.deepEqual([...needsOf("up", true, nothingKnown).tools].sort(), needed.sort());
    });

    it("`make up` takes the program of an image that the stack's settings ask for", () => {
        const asked = { ...nothingKnown, requested: new Set(["oauth2-proxy"]) };
        assert.ok(needsOf("up", true, asked).tools.includes("oauth2-proxy"));
        assert.ok(!needsOf("up", false, asked).tools.includes("oauth2-proxy"));
    });

    it("`make images` takes no debootstrap, and only MinIO of the servers, where official images are pulled", () => {
        const needs = needsOf("images", true, { ...own, makesOfficial: false, hasEngine: true });
        assert.deepEqual(needs.tools, ["minio"]);
        assert.deepEqual(needs.programs, ["flock", "java", "mvn"]);
        assert.deepEqual(needs.root, []);
    });

    it("`make images FROM=…` takes skopeo alone, and TO adds it to what the build takes", () => {
        const bundled = needsOf("images", true, { ...nothingKnown, fromBundle: true, usesRegistry: true });
        assert.deepEqual([bundled.tools, bundled.programs, bundled.root], [[], ["flock", "skopeo"], []]);
        const pushed = needsOf("images", true, { ...nothingKnown, usesRegistry: true });
        assert.ok(pushed.programs.includes("skopeo"));
        assert.ok(!needsOf("up", true, nothingKnown).programs.includes("skopeo"));
    });

    it("`make tools` gets every tool and program that the toolchain knows, tests' own included", () => {
        const everyImage = new Set(images.map(({ name }) => name));
        const { tools, programs } = needsOf("tools", true, { ...nothingKnown, requested: everyImage });
        assert.deepEqual([...tools].sort(), [...cachedToolNames].sort());
        assert.deepEqual([...programs].sort(), Object.keys(systemPrograms).sort());
    });

    it("every target of the Makefile that asks for tools is in the table, and every one of the table is in the Makefile", () => {
        assert.deepEqual(targetsWithTools().sort(), [...targetNames].sort());
    });
});

describe("prerequisites", () => {
    const machine = (facts: Partial<Machine> = {}): Machine => ({
        probe: (program) => Promise.resolve(program === "node" ? "v20.19.0" : undefined),
        isRoot: false,
        hasApt: true,
        ...facts,
    });
    const check = (needs: Needs, facts: Partial<Machine> = {}): Promise<void> =>
        requirePrerequisites(needs, needs, machine(facts));
    const embedded = needsOf("up", true, nothingKnown);

    it("prerequisites for another cluster are met without root, Go and Java", async () => {
        await check({ ...needsOf("up", false, nothingKnown), programs: [] });
    });

    it("prerequisites of the embedded cluster are listed in one message, each once with its reason and its fix", async () => {
        await assert.rejects(check(embedded), (error: Error) => {
            const { message } = error;
            for (const expected of [
                /Nothing was started/,
                /root is required; use sudo, or .*CONTEXT=/,
                /sudo apt-get install .*containerd .*openjdk-17-jre-headless/,
                /conntrack: embedded cluster: kube-proxy drops stale UDP entries/,
                /mvn: gets Kafka's jars/,
                /go is missing: 1\.26\.4 or newer is needed; install it from/,
                /kubernetes: embedded cluster: control plane/,
            ]) {
                assert.match(message, expected);
            }
            assert.equal(message.match(/go is missing/g)?.length, 1);
            assert.doesNotMatch(message, /node is/);
            return true;
        });
    });

    it("prerequisites that are too old are named with the version that was found", async () => {
        const versions: Record<string, string> = { node: "v18.2.0", go: "go1.25.1" };
        await assert.rejects(
            check(embedded, { isRoot: true, probe: (program) => Promise.resolve(versions[program]) }),
            /node is v18\.2\.0: 20\.19\.0 or newer.*go is go1\.25\.1: 1\.26\.4 or newer/s,
        );
    });

    it("prerequisites are named only by package where there is no apt-get", async () => {
        await assert.rejects(
            check(embedded, { isRoot: true, hasApt: false }),
            /there is no apt-get here, so install them with your package manager/,
        );
    });
});

describe("a machine without Go, Java and an engine", () => {
    it("a machine without prerequisites gets the error at once, and nothing is left in its cache", () => {
        const home = mkdtempSync(join(tmpdir(), "flts-home-"));
        try {
            const result = spawnSync(
                process.execPath,
                ["-r", "ts-node/register/transpile-only", "toolchain/tools/main.ts", "--for", "up"],
                { cwd: root, env: { HOME: home, PATH: join(home, "bin") }, encoding: "utf8" },
            );
            assert.equal(result.status, 1, result.stderr);
            assert.match(result.stderr, /^error: this machine lacks what is needed\. Nothing was started\./);
            assert.match(result.stderr, /go is missing/);
            assert.deepEqual(readdirSync(home), []);
        } finally {
            rmSync(home, { recursive: true, force: true });
        }
    });
});

describe("the trial of an engine", () => {
    let directory: string;
    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), "flts-trial-"));
    });
    afterEach(() => {
        rmSync(directory, { recursive: true, force: true });
    });

    it("an engine is tried with a program that exits with 0, and with none for other architectures", () => {
        const path = join(directory, "program");
        writeFileSync(path, endingProgram() ?? assert.fail(process.arch), { mode: 0o755 });
        const { status, stdout, stderr } = spawnSync(path, { encoding: "utf8" });
        assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: "", stderr: "" });
        assert.equal(endingProgram("s390x"), undefined);
    });

    it("an installed engine that fails is skipped, and the next one is tried with a program", async () => {
        const script = (name: string, text: string): void => {
            writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
        };
        script("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1");
        script("podman", "echo 'setting rlimits: operation not permitted' >&2; exit 125");
        script(
            "buildah",
            'case "$*" in *build*) shift $(($# - 1)); grep -q "RUN .*/program" "$1/Containerfile" || exit 3;; esac',
        );
        const path = process.env.PATH;
        process.env.PATH = `${directory}:${path ?? ""}`;
        try {
            const refusals: Refusal[] = [];
            const engine = await findEngine(join(directory, "images"), engineNames, (refusal) =>
                refusals.push(refusal),
            );
            assert.equal(engine?.name, "buildah");
            assert.deepEqual(
                refusals.map(({ name }) => name),
                ["docker", "podman"],
            );
            assert.match(refusals[1]?.reason ?? "", /setting rlimits: operation not permitted/);
            script("buildah", "exit 1");
            await assert.rejects(
                requireEngine(join(directory, "images")),
                /No program builds images here: .*docker: .*podman: .*buildah: /s,
            );
        } finally {
            process.env.PATH = path;
        }
    });
});
