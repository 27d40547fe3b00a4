import assert from "node:assert/strict";
import { preprocessedOf } from "../../toolchain/stack/pipelineState";
import { stageOf } from "../../toolchain/stack/stage";

describe("the stage shown while the first model is made", () => {
    it("is the newest telling line, between lines that are no events", () => {
        const log = ['{"event":"train_start"}', '{"event":"epoch","epoch":"3/12"}', "Traceback", "{}"].join(
            "\n",
        );
        assert.deepEqual(stageOf(log), { detail: "training, epoch 3 of 12", fraction: 0.25 });
    });

    it("says that the trainer is awaited while it has not logged anything", () => {
        assert.deepEqual(stageOf(""), { detail: "waiting for the trainer", fraction: undefined });
    });
});

describe("the dataset that a preprocess Job announced", () => {
    it("is read from its log, with whether it was new", () => {
        const line = (event: string): string =>
            JSON.stringify({ config_hash: "6ce79c", generation: 2, event }).replaceAll(":", ": ");
        const data = { config_hash: "6ce79c", generation: 2 };
        assert.deepEqual(preprocessedOf(`noise\n${line("claims_published")}\n{}`), { data, skipped: false });
        assert.deepEqual(preprocessedOf(line("skip_idempotent")), { data, skipped: true });
        assert.equal(preprocessedOf('{"event": "download_start"}'), undefined);
    });
});
