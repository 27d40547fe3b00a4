import assert from "node:assert/strict";
import { OBJECT_STORE_GRANTS } from "../../components/contract";
import type { Recorded } from "../support/mocks";
import { containers, one } from "../support/objects";
import { deployProgram, settings } from "../support/program";

/** Environment of the Deployment's container as the service gets it. */
function environmentOf(resources: readonly Recorded[], name: string): Record<string, string> {
    const { inputs } = one(resources, "kubernetes:apps/v1:Deployment", name);
    const { template } = inputs.spec as { template: Parameters<typeof containers>[0]["template"] };
    return Object.fromEntries(
        containers({ name, kind: "Deployment", template }).flatMap(({ env }) =>
            env.map((variable) => [variable.name, variable.value] as const),
        ),
    );
}

/** Values of the variables that `expected` names. */
function picked(
    all: Record<string, string>,
    expected: Record<string, string>,
): Record<string, string | undefined> {
    return Object.fromEntries(Object.keys(expected).map((name) => [name, all[name]]));
}

describe("the pipeline's services", function () {
    this.timeout(30_000);

    let plain: readonly Recorded[];
    let changed: readonly Recorded[];

    before(async () => {
        plain = (await deployProgram(settings())).resources;
        changed = (
            await deployProgram(
                settings({
                    preprocess: {
                        scaler: "none",
                        addConstant: "1.50",
                        nansThreshold: 0.5,
                        nansMaxSteps: 3,
                        nansDropRows: true,
                        clip: { enabled: true, method: "percentile", factor: 2 },
                        lags: { count: 4, step: 5 },
                        resendClaims: true,
                    },
                    evaluation: { typeTimeoutSeconds: 60, promoteIncomplete: true, floor: "champion" },
                    inference: { defaultSeries: "PobleSec", modelsInMemory: 8 },
                }),
            )
        ).resources;
    });

    it("prepare data with upstream's defaults, so that hashes are upstream's", () => {
        const upstream = {
            SCALER: "MinMaxScaler",
            HANDLE_NANS: "true",
            NANS_THRESHOLD: "0.33",
            NANS_MAX_STEPS: "5",
            NANS_DROP_ROWS: "false",
            CLIP_ENABLE: "false",
            CLIP_METHOD: "iqr",
            CLIP_FACTOR: "1.5",
            TIME_FEATURES_ENABLE: "true",
            LAGS_ENABLE: "false",
            LAGS_N: "0",
            LAGS_STEP: "1",
            SAMPLE_TRAIN_ROWS: "0",
            SAMPLE_TEST_ROWS: "0",
            SAMPLE_STRATEGY: "head",
            EXTRA_HASH_SALT: "",
            INPUT_PREFIX: "",
        };
        const environment = environmentOf(plain, "preprocess");
        assert.deepEqual(picked(environment, upstream), upstream);
        assert.ok(!("ADD_VAL" in environment));
    });

    it("take every option of preprocess", () => {
        const chosen = {
            SCALER: "",
            ADD_VAL: "1.50",
            NANS_THRESHOLD: "0.5",
            NANS_MAX_STEPS: "3",
            NANS_DROP_ROWS: "true",
            CLIP_ENABLE: "true",
            CLIP_METHOD: "percentile",
            CLIP_FACTOR: "2",
            LAGS_ENABLE: "true",
            LAGS_N: "4",
            LAGS_STEP: "5",
            RESEND_CLAIMS: "true",
        };
        assert.deepEqual(picked(environmentOf(changed, "preprocess"), chosen), chosen);
    });

    it("take the evaluator's deadline, which by default only alerts", () => {
        const patient = { TYPE_TIMEOUT_SECONDS: "1800", PROMOTE_INCOMPLETE: "false" };
        const hasty = { TYPE_TIMEOUT_SECONDS: "60", PROMOTE_INCOMPLETE: "true" };
        assert.deepEqual(picked(environmentOf(plain, "eval"), patient), patient);
        assert.deepEqual(picked(environmentOf(changed, "eval"), hasty), hasty);
    });

    it("take the floor of promotions, which by default is repeating the last value", () => {
        assert.equal(environmentOf(plain, "eval").EVALUATION_FLOOR, "baseline");
        assert.equal(environmentOf(changed, "eval").EVALUATION_FLOOR, "champion");
    });

    it("take the default series, the same in the evaluator and in inference", () => {
        for (const name of ["eval", "inference"]) {
            assert.ok(!("DEFAULT_SERIES" in environmentOf(plain, name)), name);
            assert.equal(environmentOf(changed, name).DEFAULT_SERIES, "PobleSec");
        }
        assert.equal(environmentOf(plain, "inference").MODELS_IN_MEMORY, "1000");
        assert.equal(environmentOf(changed, "inference").MODELS_IN_MEMORY, "8");
    });

    it("give inference neither MLflow's address nor a right to write models", () => {
        assert.ok(!("MLFLOW_TRACKING_URI" in environmentOf(plain, "inference")));
        const writable = OBJECT_STORE_GRANTS.inference.filter(({ access }) => access !== "read");
        assert.deepEqual(writable, [{ bucket: "inference-logs", access: "write" }]);
    });
});
