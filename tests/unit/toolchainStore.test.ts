import assert from "node:assert/strict";
import {
    appendFileSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    utimesSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Durations } from "../../toolchain/tools/durations";
import { toolHash, toolsKey } from "../../toolchain/tools/key";
import { withLock } from "../../toolchain/tools/lock";
import { ToolStore } from "../../toolchain/tools/store";

let directory: string;
beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "flts-toolchain-"));
});
afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
});

const facts = { hash: "one", source: "build", version: "1.0.0" } as const;

function stage(store: ToolStore, content: string): string {
    mkdirSync(store.staging, { recursive: true });
    const path = join(store.staging, "staged");
    writeFileSync(path, content);
    return path;
}

describe("tool store", () => {
    it("shows a tool only once it is published, and then executable", async () => {
        const store = new ToolStore(directory, "key");
        const staged = stage(store, "program");
        assert.equal(store.find("pause"), undefined);
        const tool = await store.publish("pause", staged, "bin/pause", facts);
        assert.deepEqual(store.find("pause"), tool);
        assert.equal(statSync(store.absolute(tool)).mode & 0o111, 0o111);
        assert.ok(!existsSync(staged));
        assert.ok(await store.verify(tool));
    });

    it("takes a file without an entry, as an interruption leaves it, for absent", () => {
        const store = new ToolStore(directory, "key");
        mkdirSync(join(store.directory, "bin"), { recursive: true });
        writeFileSync(join(store.directory, "bin", "pause"), "half");
        assert.equal(store.find("pause"), undefined);
    });

    it("takes a tool that was cut short or replaced for absent", async () => {
        const store = new ToolStore(directory, "key");
        const tool = await store.publish("pause", stage(store, "program"), "bin/pause", facts);
        appendFileSync(store.absolute(tool), "more");
        assert.equal(store.find("pause"), undefined);
    });

    it("finds a change that kept size and time by its content", async () => {
        const store = new ToolStore(directory, "key");
        const tool = await store.publish("pause", stage(store, "program"), "bin/pause", facts);
        writeFileSync(store.absolute(tool), "PROGRAM");
        utimesSync(store.absolute(tool), new Date(tool.modified), new Date(tool.modified));
        assert.equal(await store.verify(tool), false);
    });

    it("keeps what stands when one more is published, and leaves no unfinished manifest", async () => {
        const store = new ToolStore(directory, "key");
        await store.publish("pause", stage(store, "a"), "bin/pause", facts);
        await store.publish("coredns", stage(store, "b"), "bin/coredns", facts);
        assert.ok(store.find("pause") && store.find("coredns"));
        assert.deepEqual(readdirSync(store.directory).sort(), ["bin", "manifest.json"]);
    });

    it("adopts a tool made of the same parts from other pins, unless its content is corrupt", async () => {
        const old = new ToolStore(directory, "old");
        const tool = await old.publish("pause", stage(old, "program"), "bin/pause", facts);
        const store = new ToolStore(directory, "new");
        assert.equal(await store.adopt("pause", "two"), undefined);
        const adopted = await store.adopt("pause", "one");
        assert.ok(adopted);
        assert.equal(readFileSync(store.absolute(adopted), "utf8"), "program");

        rmSync(old.absolute(tool));
        writeFileSync(old.absolute(tool), "PROGRAM");
        utimesSync(old.absolute(tool), new Date(tool.modified), new Date(tool.modified));
        rmSync(store.directory, { recursive: true });
        assert.equal(await store.adopt("pause", "one"), undefined);
    });

    it("clears what an interrupted run left in staging", () => {
        const store = new ToolStore(directory, "key");
        const staged = stage(store, "half");
        store.clearStaging();
        assert.ok(!existsSync(staged) && existsSync(store.staging));
    });
});

describe("hash of the pins", () => {
    beforeEach(() => {
        for (const folder of [
            "go/cmd/pause",
            "go/cmd/coredns",
            "go/internal/shared",
            "pins/minio",
            "pins/pulumi-kubernetes/internal/sdk",
        ]) {
            mkdirSync(join(directory, folder), { recursive: true });
        }
        for (const file of ["go/go.mod", "go/go.sum", "pins/minio/go.mod", "pins/minio/go.sum"]) {
            writeFileSync(join(directory, file), "pin 1");
        }
        writeFileSync(join(directory, "go/cmd/pause/main.go"), "package main");
    });

    const tools = ["pause", "minio", "pulumi-resource-kubernetes", "kubectl"] as const;
    const change = (file: string): string[] => {
        const state = (): string[] => [
            toolsKey(directory),
            ...tools.map((name) => toolHash(directory, name)),
        ];
        const before = state();
        writeFileSync(join(directory, file), "changed");
        const after = state();
        return ["key", ...tools].filter((_, index) => after[index] !== before[index]);
    };

    it("a hash of pins is the same for the same content, wherever it is", () => {
        assert.match(toolsKey(directory), /^[0-9a-f]{16}$/);
        assert.equal(toolsKey(directory), toolsKey(directory));
        assert.notEqual(toolsKey(directory), toolsKey(directory, "build"));
    });

    const cases: [string, string[]][] = [
        ["go/go.sum", ["key", "pause"]],
        ["go/internal/shared/shared.go", ["key", "pause"]],
        ["go/cmd/pause/main.go", ["key", "pause"]],
        ["go/cmd/coredns/main.go", ["key"]],
        ["pins/minio/go.sum", ["key", "minio"]],
        ["pins/pulumi-kubernetes/internal/sdk/go.mod", ["key", "pulumi-resource-kubernetes"]],
        ["go/cmd/pause/main_test.go", []],
        ["go/cmd/pause/schema.json", []],
    ];
    for (const [file, expected] of cases) {
        it(`a hash of pins changes with ${file} only for what depends on it`, () => {
            assert.deepEqual(change(file), expected);
        });
    }
});

describe("build lock", () => {
    it("the build lock admits one run at a time and says once whose end it waits for", async () => {
        const path = join(directory, "sub", ".lock");
        const events: string[] = [];
        const holders: string[] = [];
        const enter = (name: string): Promise<void> =>
            withLock(
                path,
                (holder) => holders.push(holder),
                async () => {
                    events.push(`${name} in`);
                    await sleep(50);
                    events.push(`${name} out`);
                },
            );
        const first = enter("first");
        while (events.length === 0) {
            await sleep(5);
        }
        await Promise.all([first, enter("second")]);
        assert.deepEqual(events, ["first in", "first out", "second in", "second out"]);
        assert.deepEqual(holders, [String(process.pid)]);
    });

    it("the build lock is free after a failure", async () => {
        const path = join(directory, ".lock");
        const ignore = (): void => undefined;
        await assert.rejects(
            withLock(path, ignore, () => Promise.reject(new Error("broken"))),
            /broken/,
        );
        assert.equal(await withLock(path, ignore, () => Promise.resolve("free")), "free");
    });
});

describe("durations", () => {
    it("durations survive a restart and a corrupt file", async () => {
        const path = join(directory, "durations.json");
        const durations = new Durations(path);
        assert.equal(await durations.measure("step", () => Promise.resolve(7)), 7);
        durations.set("other", 1500);
        assert.equal(new Durations(path).get("other"), 1500);
        writeFileSync(path, '{"other": 15');
        assert.equal(new Durations(path).get("other"), undefined);
    });

    it("durations of failed steps are not kept", async () => {
        const durations = new Durations(join(directory, "durations.json"));
        await assert.rejects(durations.measure("step", () => Promise.reject(new Error("broken"))));
        assert.equal(durations.get("step"), undefined);
    });
});
