import assert from "node:assert/strict";
import { decisionOf, preprocessedOf } from "../../cli/progress/pipelineState";
import { isTraining, stageOf } from "../../cli/progress/stage";

describe("the stage shown while the first model is made", () => {
    it("the stage is each trainer's newest line of progress, even between lines that are not events", () => {
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

    it("says whether a trainer is training", () => {
        const event = (name: string): string => `{"event":"${name}","model_type":"LSTM"}`;
        assert.ok(isTraining(stageOf(event("train_start"))));
        assert.ok(!isTraining(stageOf(event("train_done"))));
        assert.ok(!isTraining(stageOf(event("consuming"))));
    });

    it("the stage has no share while no trainer is training", () => {
        assert.deepEqual(stageOf('{"event":"consuming","model_type":"LSTM"}'), {
            detail: "LSTM waiting for data",
            fraction: undefined,
        });
        assert.deepEqual(stageOf(""), { detail: "waiting for the trainers", fraction: undefined });
    });
});

describe("the outcome of preprocess' pass", () => {
    const line = (event: string, facts: object = {}): string =>
        JSON.stringify({ series: "a", config_hash: "6ce79c", generation: 2, event, ...facts });

    it("the outcome of a pass is each series' newest line, and whether it was new", () => {
        const log = [
            "noise",
            line("claims_published", { generation: 1 }),
            line("claims_published"),
            line("skip_idempotent", { series: "b" }),
            line("series_rejected", { series: "c" }),
            line("training_deferred", { series: "d", reason: "not_drifted", ratio: 1.04, due: null }),
            "{}",
        ].join("\n");
        const data = { config_hash: "6ce79c", generation: 2 };
        assert.deepEqual(
            [...preprocessedOf(log)].sort(([one], [other]) => one.localeCompare(other)),
            [
                ["a", { data, skipped: false, deferred: undefined }],
                ["b", { data, skipped: true, deferred: undefined }],
                [
                    "d",
                    {
                        data,
                        skipped: false,
                        deferred:
                            "flts:preprocess.retrain is drift, and the model has not drifted (its drift is 1.0)",
                    },
                ],
            ],
        );
        assert.equal(preprocessedOf('{"event": "download_start"}').size, 0);
    });

    it("the outcome of a pass is followed by the evaluator's decision about exactly these data", () => {
        const data = { config_hash: "6ce79c", generation: 2 };
        const promoted = line("promoted");
        assert.deepEqual(decisionOf(promoted, data), { promoted: true, reason: "" });
        assert.equal(decisionOf(promoted, { ...data, generation: 3 }), undefined);
        assert.equal(decisionOf("", data), undefined);
        const kept = line("below_floor", { served: false, reason: "worse than r1" });
        assert.deepEqual(decisionOf(kept, data), { promoted: false, reason: "worse than r1" });
        // The first model of a series is promoted all the same, which a line after it says.
        assert.equal(decisionOf(line("below_floor", { served: true }), data), undefined);
        // Options were changed and changed back: nobody should wait for the previous model.
        const other = line("promoted", { config_hash: "0b1c2d" });
        assert.equal(decisionOf([promoted, other].join("\n"), data)?.promoted, false);
        assert.equal(decisionOf([other, promoted].join("\n"), data)?.promoted, true);
        const neighbour = line("promoted", { series: "b", config_hash: "0b1c2d" });
        assert.equal(decisionOf([promoted, neighbour].join("\n"), data)?.promoted, true);
    });
});
