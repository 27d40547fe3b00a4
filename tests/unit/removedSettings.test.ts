import assert from "node:assert/strict";
import { readSettings } from "../../stacks/settings/read";

describe("settings of earlier versions", () => {
    const replaced: Record<string, [string, RegExp]> = {
        allowDataLoss: ['["all"]', /make up ALLOW_DATA_LOSS=<names>.*FLTS_ALLOW_DATA_LOSS=<names> pulumi up/],
        "evaluation.typeTimeoutSeconds": ["60", /renamed; set flts:evaluator\.typeTimeoutSeconds/],
        "evaluation.promoteIncomplete": ["true", /renamed; set flts:evaluator\.promoteIncomplete/],
        "evaluation.resources": ['{"limits":{"cpu":"1"}}', /renamed; set flts:evaluator\.resources/],
        "dataset.file": ["a.csv", /make data FILE=/],
        "dataset.testFile": ["a.csv", /<name>_test\.csv .*make data FILE=/],
        "images.tag": ["abc", /computes each image's tag .*main\.ts list/],
        "preprocess.forceReprocess": ["false", /python main\.py --reprocess/],
        "preprocess.resendClaims": ["true", /python main\.py --resend/],
    };
    for (const [path, [value, replacement]] of Object.entries(replaced)) {
        it(`a setting of an earlier version is refused with its replacement: ${path}`, () => {
            const [group = "", name] = path.split(".");
            for (const given of [
                { [`flts:${path}`]: value },
                ...(name === undefined ? [] : [{ [`flts:${group}`]: JSON.stringify({ [name]: value }) }]),
            ]) {
                assert.throws(
                    () => readSettings(given, "dev"),
                    (error: Error) => {
                        const line =
                            error.message.split("\n").find((text) => text.includes(`flts:${path}:`)) ?? "";
                        assert.match(line, /this setting was (?:removed|renamed); /);
                        assert.match(line, replacement);
                        return true;
                    },
                );
            }
        });
    }
});
