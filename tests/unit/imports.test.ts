import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import madge from "madge";
import { projectDirectory } from "../support/commands";

const folders = ["index.ts", "components", "stacks", "cli", "toolchain", "tests"];

describe("imports", () => {
    it("imports form no cycle, types included", async function () {
        this.timeout(60_000);
        const graph = await madge(
            folders.map((folder) => join(projectDirectory, folder)),
            {
                baseDir: projectDirectory,
                fileExtensions: ["ts"],
                tsConfig: join(projectDirectory, "tsconfig.json"),
                detectiveOptions: { ts: { skipTypeImports: false } },
            },
        );
        assert.ok(Object.keys(graph.obj()).length > 400);
        assert.deepEqual(graph.circular(), []);
    });

    it("code that handles data of any size imports no package of Pulumi, which would take a quarter of the memory", async function () {
        this.timeout(60_000);
        const graph = await madge(
            ["cli/data/main.ts", "cli/data/checkMain.ts"].map((path) => join(projectDirectory, path)),
            {
                baseDir: projectDirectory,
                fileExtensions: ["ts"],
                tsConfig: join(projectDirectory, "tsconfig.json"),
                detectiveOptions: { ts: { skipTypeImports: true } },
            },
        );
        const loaded = Object.keys(graph.obj()).filter((path) => !path.includes("node_modules"));
        assert.ok(loaded.length > 30, String(loaded.length));
        const found = loaded.filter((path) =>
            /^import (?!type\b).* from "@pulumi\//m.test(readFileSync(join(projectDirectory, path), "utf8")),
        );
        assert.deepEqual(found, []);
    });
});
