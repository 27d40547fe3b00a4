import assert from "node:assert/strict";
import { runLanes } from "../lanes";
import type { Suite } from "../suites";

type Part = Pick<Suite, "name" | "lane" | "after">;

/** Runs suites that take a turn of the event loop each; what started and ended, in order. */
async function events(...parts: readonly Part[]): Promise<readonly string[]> {
    const seen: string[] = [];
    const suites = parts.map((part): Suite => ({ proves: "", runner: "check", command: "", ...part }));
    const results = await runLanes(suites, async ({ name }) => {
        seen.push(`+${name}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        seen.push(`-${name}`);
        return name;
    });
    assert.deepEqual(
        results,
        parts.map(({ name }) => name),
    );
    return seen;
}

describe("runLanes", () => {
    it("runs the suites of one lane in order, and lanes side by side", async () => {
        const seen = await events(
            { name: "a", lane: "sources" },
            { name: "b", lane: "sources" },
            { name: "c", lane: "cluster" },
        );
        assert.deepEqual(seen.slice(0, 2), ["+a", "+c"]);
        assert.ok(seen.indexOf("-a") < seen.indexOf("+b"));
    });

    it("starts a suite when those that it names have ended, and waits for none that was not chosen", async () => {
        const seen = await events(
            { name: "tools", lane: "cluster" },
            { name: "plugins", lane: "servers", after: ["tools", "not-chosen"] },
        );
        assert.deepEqual(seen, ["+tools", "-tools", "+plugins", "-plugins"]);
    });

    it("starts a suite that measures the machine when all before it have ended", async () => {
        const seen = await events(
            { name: "a", lane: "sources" },
            { name: "b", lane: "servers" },
            { name: "measures", lane: "cluster", after: "all" },
            { name: "last", lane: "cluster" },
        );
        assert.deepEqual(seen.slice(4), ["+measures", "-measures", "+last", "-last"]);
    });
});
