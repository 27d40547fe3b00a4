import assert from "node:assert/strict";
import { preprocessedOf } from "../../cli/progress/pipelineState";
import { isTraining, stageOf } from "../../cli/progress/stage";

describe("the stage shown while the first model is made", () => {
    it("is each trainer's newest telling line, between lines that are no events", () => {
        const logs = [
            '{"event":"train_start","model_type":"GRU"}',
            '{"event":"epoch","epoch":"3/12","model_type":"GRU"}',
            "Traceback",
            "{}",
            '{"event":"train_start","model_type":"PROPHET"}',
            '{"event":"train_done","model_type":"PROPHET"}',
            '{"event":"consuming","model_type":"LSTM"}',
            '{"event":"kafka_error","model_type":"LSTM"}',
        ].join("\n");
        assert.deepEqual(stageOf(logs), {
            detail: "GRU epoch 3 of 12, PROPHET done, LSTM waiting for data",
            fraction: (0.25 + 1 + 0) / 3,
        });
    });

    it("tells whether a trainer is at work", () => {
        const event = (name: string): string => `{"event":"${name}","model_type":"LSTM"}`;
        assert.ok(isTraining(stageOf(event("train_start"))));
        assert.ok(!isTraining(stageOf(event("train_done"))));
        assert.ok(!isTraining(stageOf(event("consuming"))));
    });

    it("has no share while nobody trains", () => {
        assert.deepEqual(stageOf('{"event":"consuming","model_type":"LSTM"}'), {
            detail: "LSTM waiting for data",
            fraction: undefined,
        });
        assert.deepEqual(stageOf(""), { detail: "waiting for the trainers", fraction: undefined });
    });
});

describe("the dataset that a preprocess Job announced", () => {
    it("is read from its log, with whether it was new", () => {
        const line = (event: string): string =>
            `{"config_hash": "6ce79c", "generation": 2, "event": "${event}", "timestamp": "2026-11-24T01:24:38.5Z"}`;
        const data = { config_hash: "6ce79c", generation: 2 };
        const at = Date.UTC(2026, 10, 24, 1, 24, 38, 500);
        const noisy = `noise\n${line("claims_published")}\n{}`;
        assert.deepEqual(preprocessedOf(noisy), { data, skipped: false, at });
        assert.deepEqual(preprocessedOf(line("skip_idempotent")), { data, skipped: true, at });
        assert.equal(preprocessedOf('{"event": "download_start"}'), undefined);
    });
});
