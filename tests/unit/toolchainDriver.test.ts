import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { run } from "../../toolchain/tools/command";
import type { BuildContext } from "../../toolchain/tools/context";
import { makeMissing, type Steps, type WorkBeside } from "../../toolchain/tools/driver";
import { Durations } from "../../toolchain/tools/durations";
import { programPath } from "../../toolchain/tools/go";
import { findMissing } from "../../toolchain/tools/missing";
import { needsOf, type Needs } from "../../toolchain/tools/needs";
import {
    cachedToolNames,
    goPrograms,
    pulumiSet,
    type CachedToolName,
    type GoProgramName,
} from "../../toolchain/tools/pins";
import { NoCandidateError } from "../../toolchain/tools/choice";
import { ToolStore } from "../../toolchain/tools/store";
import { createConsole, fail, Progress, UserError } from "../../toolchain/console";

const all = Object.keys(goPrograms) as GoProgramName[];
const own = { fromBundle: false, usesRegistry: false, requested: new Set<string>() };
const needs: Needs = { tools: cachedToolNames, programs: [], root: [] };

describe("build driver", () => {
    let directory: string;
    let context: BuildContext;
    let done: string[];
    let output: string;

    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), "flts-driver-"));
        done = [];
        output = "";
        const write = (text: string): void => {
            output += text;
        };
        const console = createConsole({ write }, {});
        context = {
            store: new ToolStore(join(directory, "tools"), "key"),
            console,
            progress: new Progress(console),
            durations: new Durations(join(directory, "durations.json")),
            logs: join(directory, "logs"),
            restriction: undefined,
            hashOf: (name) => `hash of ${name}`,
        };
    });
    afterEach(() => {
        rmSync(directory, { recursive: true, force: true });
    });

    const publish = async (name: CachedToolName, path: string): Promise<void> => {
        mkdirSync(context.store.staging, { recursive: true });
        const staged = join(context.store.staging, name);
        writeFileSync(staged, name);
        const facts = { hash: context.hashOf(name), source: "build", version: "1.0.0" } as const;
        await context.store.publish(name, staged, path, facts);
    };

    const steps = (changes: Partial<Steps> = {}): Steps => ({
        installPackages: () => Promise.resolve(),
        getKubectl: async () => {
            done.push("kubectl");
            await publish("kubectl", "bin/kubectl");
        },
        choosePulumiSet: () => {
            done.push("choose");
            return Promise.resolve({
                source: "build",
                value: undefined,
                refusals: ["path: no pulumi there", "download: refused"],
            });
        },
        buildGoPrograms: async (_context, names) => {
            done.push(`build ${names.length}`);
            for (const name of names) {
                await publish(name, programPath(name));
            }
            return new Map();
        },
        ...changes,
    });

    it("makes everything once and says why a set is built", async () => {
        await makeMissing(context, needs, steps());
        assert.deepEqual(findMissing(needs, context.store).tools, []);
        assert.deepEqual(done, ["kubectl", "choose", `build ${all.length}`]);
        assert.match(output, /not from path: no pulumi there\n {2}not from download: refused\n/);

        done = [];
        await makeMissing(context, needs, steps());
        assert.deepEqual(done, []);
    });

    it("continues after an interruption with what is left, and stays with the set it began", async () => {
        const interrupted = steps({
            buildGoPrograms: async () => {
                await publish("pulumi", programPath("pulumi"));
                throw new Error("killed");
            },
        });
        await assert.rejects(makeMissing(context, needs, interrupted), /killed/);

        done = [];
        await makeMissing(context, needs, steps());
        assert.deepEqual(done, [`build ${all.length - 1}`]);
    });

    it("does work beside the tools, and none where no tool is missing", async () => {
        let begun: () => void = () => undefined;
        let building: () => void = () => undefined;
        const isBegun = new Promise<void>((resolve) => (begun = resolve));
        const isBuilding = new Promise<void>((resolve) => (building = resolve));
        const beside: WorkBeside = {
            memory: 1e9,
            run: async () => {
                done.push("beside");
                begun();
                await isBuilding;
            },
        };
        // Each waits for the other: one after the other they would never end.
        const mutual = steps({
            buildGoPrograms: async (given, names) => {
                await isBegun;
                building();
                done.push(`${given.reserved ?? 0} bytes reserved`);
                return steps().buildGoPrograms(given, names);
            },
        });
        await makeMissing(context, needs, mutual, beside);
        assert.ok(done.includes("beside") && done.includes("1000000000 bytes reserved"), done.join());
        done = [];
        await makeMissing(context, needs, mutual, beside);
        assert.deepEqual(done, []);
    });

    it("stops the tools when work beside them fails, and names that alone", async () => {
        const interrupted = steps({
            buildGoPrograms: async ({ signal }) => {
                const { code } = await run("sleep", ["60"], { signal });
                return new Map([["pause", `go build failed with code ${code}`]]);
            },
        });
        const started = Date.now();
        await assert.rejects(
            makeMissing(context, needs, interrupted, {
                memory: 0,
                run: async () => {
                    await sleep(50);
                    fail("image trainer could not be built");
                },
            }),
            /^UserError: image trainer could not be built$/,
        );
        assert.ok(Date.now() - started < 30_000);
    });

    it("makes the others when one fails, names it at the end, and retries only that one", async () => {
        const broken = steps({
            buildGoPrograms: async (_context, names) => {
                for (const name of names.filter((each) => each !== "pause")) {
                    await publish(name, programPath(name));
                }
                return new Map([["pause", "cmd/pause/main.go is missing"]]);
            },
        });
        await assert.rejects(
            makeMissing(context, needs, broken),
            (error: unknown) =>
                error instanceof UserError &&
                /^1 of the tools.*\npause: cmd\/pause\/main.go is missing$/s.test(error.message),
        );
        done = [];
        await makeMissing(context, needs, steps());
        assert.deepEqual(done, ["build 1"]);
    });

    it("builds the rest when kubectl cannot be had", async () => {
        const refused = steps({ getKubectl: () => fail("npm refused it") });
        await assert.rejects(makeMissing(context, needs, refused), /kubectl: npm refused it/);
        assert.deepEqual(findMissing(needs, context.store).tools, ["kubectl"]);
    });

    it("builds nothing of an official set that was chosen", async () => {
        const official = steps({
            choosePulumiSet: async () => {
                for (const name of all.filter((each) => each.startsWith("pulumi"))) {
                    await publish(name, programPath(name));
                }
                return { source: "download", value: new Map(), refusals: [] };
            },
        });
        await makeMissing(context, needs, official);
        assert.deepEqual(done, [
            "kubectl",
            `build ${all.filter((each) => !each.startsWith("pulumi")).length}`,
        ]);
    });

    it("makes only what is needed, and installs no package for it", async () => {
        const stack = needsOf("up", false, { ...own, makesOfficial: true, hasEngine: false });
        const installed: string[] = [];
        const observed = steps({
            installPackages: (_context, packages) => {
                installed.push(...packages);
                return Promise.resolve();
            },
        });
        await makeMissing(context, { ...stack, programs: [] }, observed);
        assert.deepEqual(done, ["kubectl", "choose", `build ${pulumiSet.length}`]);
        assert.deepEqual(installed, []);
        assert.equal(context.store.find("kubernetes"), undefined);
    });

    it("names every source of Pulumi that fails, and still makes kubectl", async () => {
        const refused = steps({
            choosePulumiSet: () =>
                Promise.reject(
                    new NoCandidateError([
                        "path: no pulumi there",
                        "build: go is missing: 1.26.4 or newer is needed",
                    ]),
                ),
        });
        const stack = needsOf("up", false, { ...own, makesOfficial: true, hasEngine: false });
        await assert.rejects(
            makeMissing(context, { ...stack, programs: [] }, refused),
            /pulumi: path: no pulumi there; build: go is missing/,
        );
        assert.deepEqual(done, ["kubectl"]);
    });
});
