import assert from "node:assert/strict";
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
