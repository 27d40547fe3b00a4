import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastObservations } from "../../cli/progress/forecast";
import { contextName } from "../../toolchain/cluster/layout";
import { readOptions } from "../../cli/stack/options";
import { mergeSettings, readStackFile } from "../../cli/stack/settings";

describe("make's choices", () => {
    it("make deploys the dev stack to the embedded cluster when nothing is named", () => {
        assert.deepEqual(readOptions({ STACK: "", CONTEXT: "", DATASET: "" }), {
            stack: "dev",
            context: contextName,
            embedded: true,
            dataset: undefined,
            file: undefined,
            profile: undefined,
            forget: false,
            allowDataLoss: undefined,
            fix: false,
        });
    });

    it("make doctor repairs nothing unless FIX is yes, and accepts no other word", () => {
        assert.equal(readOptions({ ALLOW_DATA_LOSS: "kafka" }).allowDataLoss, "kafka");
        assert.equal(readOptions({ FIX: "yes" }).fix, true);
        assert.equal(readOptions({ FIX: "no" }).fix, false);
        assert.throws(() => readOptions({ FIX: "true" }), /FIX=true: say yes to repair what is wrong/);
    });

    it("CONTEXT chooses the user's own cluster", () => {
        const options = readOptions({ STACK: "prod", CONTEXT: "kind-flts" });
        assert.equal(options.context, "kind-flts");
        assert.equal(options.embedded, false);
    });

    it("a stack name that Pulumi would refuse later is refused, naming the variable", () => {
        assert.throws(() => readOptions({ STACK: "My Stack" }), /STACK=My Stack: .* try STACK=dev/);
    });
});

describe("settings laid over a stack file", () => {
    it("overrides keep neighbours of an overridden key and replace whole lists", () => {
        const base = { "flts:images": { registry: "a", pull: ["x", "y"] }, "flts:identifier": "one" };
        assert.deepEqual(mergeSettings(base, { "flts:images": { tag: "t", pull: ["z"] } }), {
            "flts:images": { registry: "a", tag: "t", pull: ["z"] },
            "flts:identifier": "one",
        });
        assert.deepEqual(base["flts:images"], { registry: "a", pull: ["x", "y"] });
    });

    it("the error for an unknown stack lists the stacks", () => {
        const directory = mkdtempSync(join(tmpdir(), "flts-settings-"));
        try {
            writeFileSync(join(directory, "Pulumi.dev.yaml"), "config:\n  flts:identifier: one\n");
            assert.deepEqual(readStackFile(directory, "dev"), { config: { "flts:identifier": "one" } });
            assert.throws(
                () => readStackFile(directory, "stage"),
                /no Pulumi\.stage\.yaml; the stacks are dev/,
            );
        } finally {
            rmSync(directory, { recursive: true });
        }
    });
});

describe("the window sent with the first forecast", () => {
    it("the first request has the end of the file, with numbers as numbers and gaps as null", async () => {
        const directory = mkdtempSync(join(tmpdir(), "flts-window-"));
        try {
            const path = join(directory, "series.csv");
            writeFileSync(
                path,
                "time,down\n2018-01-01 00:00:00,1\n2018-01-01 00:02:00,\n2018-01-01 00:04:00,3.5\n",
            );
            assert.deepEqual(await lastObservations(path, 2), {
                time: ["2018-01-01 00:02:00", "2018-01-01 00:04:00"],
                down: [null, 3.5],
            });
        } finally {
            rmSync(directory, { recursive: true });
        }
    });
});
