import assert from "node:assert/strict";
import { join } from "node:path";
import madge from "madge";
import { projectDirectory } from "../support/commands";

const folders = ["index.ts", "components", "stacks", "cli", "toolchain", "tests"];

describe("imports", () => {
    it("form no cycle, types included", async function () {
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
});
