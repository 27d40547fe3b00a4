import assert from "node:assert/strict";
import { OBJECT_STORE_GRANTS } from "../../components/contract";
import { formerFiles, type FormerWorkload } from "../../components/pipeline/formerDataset";
import type { Recorded } from "../support/mocks";
import { environmentOf } from "../support/deployedEnvironment";
import { edges } from "../support/reachability";
import { containers, ofType, one } from "../support/objects";
import { readSettings } from "../../stacks/settings/read";
import { deployProgram, INPUTS, settings } from "../support/program";

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
                    },
                    dataset: { sample: true, pollSeconds: 5, targetColumn: "down" },
                    training: { deadlineSeconds: 600 },
                    evaluator: { typeTimeoutSeconds: 60, promoteIncomplete: true, floor: "champion" },
                    inference: { defaultSeries: "PobleSec", modelsInMemory: 8 },
                }),
            )
        ).resources;
    });

    it("each service signs in to Kafka as its own user, with a password from a Secret", () => {
        for (const name of ["preprocess", "train-gru", "nonml-prophet", "eval", "inference", "kafka-lag"]) {
            const { inputs } = one(plain, "kubernetes:apps/v1:Deployment", name);
            const { template } = inputs.spec as { template: Parameters<typeof containers>[0]["template"] };
            const [container] = containers({ name, kind: "Deployment", template });
            const sources = Object.fromEntries(
                (container?.env ?? []).map((variable) => [
                    variable.name,
                    (variable as { valueFrom?: object }).valueFrom ?? variable.value,
                ]),
            );
            const key = (of: string): object => ({ secretKeyRef: { name: `${name}-kafka`, key: of } });
            assert.equal(sources.KAFKA_SECURITY_PROTOCOL, "SASL_PLAINTEXT");
            assert.equal(sources.KAFKA_SASL_MECHANISM, "SCRAM-SHA-512");
            assert.deepEqual(sources.KAFKA_SASL_USERNAME, key("username"));
            assert.deepEqual(sources.KAFKA_SASL_PASSWORD, key("password"));
        }
    });

    it("preprocess has upstream's defaults, so that hashes are upstream's", () => {
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
            DATASET_SAMPLE: "false",
        };
        const environment = environmentOf(plain, "preprocess");
        assert.deepEqual(picked(environment, upstream), upstream);
        assert.ok(!("ADD_VAL" in environment));
    });

    it("preprocess watches the bucket, exports metrics, and stores no data in its pod", () => {
        const { inputs } = one(plain, "kubernetes:apps/v1:Deployment", "preprocess");
        const { template } = inputs.spec as { template: Parameters<typeof containers>[0]["template"] };
        const [container] = containers({ name: "preprocess", kind: "Deployment", template });
        assert.deepEqual(container?.command, ["python", "main.py", "serve"]);
        assert.deepEqual(ofType(plain, "minio:index/s3Object:S3Object"), []);
        assert.ok(edges(plain).includes("prometheus -> preprocess:8000"));
    });

    it("people can upload data but not delete it, with the keys in a Secret that has the address", () => {
        const { policy } = one(plain, "minio:index/iamPolicy:IamPolicy", "data").inputs as { policy: string };
        const { Statement: statements } = JSON.parse(policy) as {
            Statement: { Action: string[]; Resource: string[] }[];
        };
        const actions = statements.flatMap(({ Action }) => Action);
        assert.ok(actions.includes("s3:PutObject") && actions.includes("s3:ListBucket"));
        assert.ok(!actions.some((action) => /Delete|\*/.test(action)), actions.join());
        assert.deepEqual(
            [...new Set(statements.flatMap(({ Resource }) => Resource))],
            ["arn:aws:s3:::dataset", "arn:aws:s3:::dataset/*"],
        );
        const { stringData } = one(plain, "kubernetes:core/v1:Secret", "minio-data").inputs as {
            stringData: { value: Record<string, string> };
        };
        assert.deepEqual(
            { ...stringData.value, secretKey: "" },
            {
                accessKey: "flts.test.data",
                secretKey: "",
                endpoint: "http://minio:9000",
                region: "us-east-1",
                bucket: "dataset",
                prefix: "",
            },
        );
    });

    // Promise: no-update-deletes-replaces
    it("preprocess can delete its own rejections, but no file of a user", () => {
        const { policy } = one(plain, "minio:index/iamPolicy:IamPolicy", "preprocess").inputs as {
            policy: string;
        };
        const { Statement: statements } = JSON.parse(policy) as {
            Statement: { Action: string[]; Resource: string[] }[];
        };
        const deletable = statements
            .filter(({ Action }) => Action.includes("s3:DeleteObject"))
            .flatMap(({ Resource }) => Resource);
        assert.deepEqual(deletable, [
            "arn:aws:s3:::dataset/*.rejected.json",
            "arn:aws:s3:::processed-data/*",
        ]);
    });

    it("preprocess gets every option of the settings", () => {
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
            DATASET_SAMPLE: "true",
            DATASET_POLL_SECONDS: "5",
            TARGET_COLUMN: "down",
        };
        assert.deepEqual(picked(environmentOf(changed, "preprocess"), chosen), chosen);
    });

    it("preprocess splits files by the column of the settings, with which a sample is refused", async () => {
        assert.ok(!("SERIES_COLUMN" in environmentOf(plain, "preprocess")));
        const { resources } = await deployProgram(
            settings({ dataset: { seriesColumn: "station", maxSeries: 5 } }),
        );
        const chosen = { SERIES_COLUMN: "station", MAX_SERIES: "5" };
        assert.deepEqual(picked(environmentOf(resources, "preprocess"), chosen), chosen);
        const read = (dataset: object) => () =>
            readSettings({ "flts:dataset": JSON.stringify({ seriesColumn: "station", ...dataset }) }, "dev");
        assert.throws(
            read({ sample: true }),
            /flts:dataset\.seriesColumn = "station": .*set flts:dataset\.sample to false/,
        );
        assert.throws(read({ targetColumn: "station" }), /is flts:dataset\.targetColumn too/);
        assert.throws(read({ timeColumn: "station" }), /is flts:dataset\.timeColumn too/);
    });

    it("each family has as many trainers as its setting says, and at least as many partitions", async () => {
        const replicasOf = (resources: readonly Recorded[], name: string): unknown =>
            (one(resources, "kubernetes:apps/v1:Deployment", name).inputs.spec as { replicas: number })
                .replicas;
        const { resources } = await deployProgram(
            settings({ kafka: { partitions: 3 }, training: { replicas: { GRU: 3, PROPHET: 2 } } }),
        );
        const names = ["train-gru", "train-lstm", "nonml-prophet", "eval"];
        assert.deepEqual(
            names.map((name) => replicasOf(plain, name)),
            [1, 1, 1, 1],
        );
        assert.deepEqual(
            names.map((name) => replicasOf(resources, name)),
            [3, 1, 2, 1],
        );
        const read = (training: object) => () =>
            readSettings({ "flts:training": JSON.stringify(training) }, "dev");
        assert.throws(
            read({ replicas: { LSTM: 2 } }),
            /flts:training\.replicas\.LSTM = 2: must not be above flts:kafka\.partitions \(1\)/,
        );
        assert.throws(
            read({ models: ["GRU"], replicas: { LSTM: 2 } }),
            /flts:training\.replicas\.LSTM = 2: is of a family that flts:training\.models leaves out/,
        );
    });

    it("the evaluator gets its deadline, which by default only alerts", () => {
        const patient = { TYPE_TIMEOUT_SECONDS: "1800", PROMOTE_INCOMPLETE: "false" };
        const hasty = { TYPE_TIMEOUT_SECONDS: "60", PROMOTE_INCOMPLETE: "true" };
        assert.deepEqual(picked(environmentOf(plain, "eval"), patient), patient);
        assert.deepEqual(picked(environmentOf(changed, "eval"), hasty), hasty);
    });

    it("trainers get the deadline after which a training counts as stuck", () => {
        for (const name of ["train-gru", "train-lstm", "nonml-prophet"]) {
            assert.equal(environmentOf(plain, name).TRAINING_DEADLINE_SECONDS, "21600");
            assert.equal(environmentOf(changed, name).TRAINING_DEADLINE_SECONDS, "600");
        }
    });

    it("the evaluator gets the floor of promotions, which by default is repeating the last value", () => {
        assert.equal(environmentOf(plain, "eval").PROMOTION_FLOOR, "baseline");
        assert.equal(environmentOf(changed, "eval").PROMOTION_FLOOR, "champion");
    });

    it("evaluator and inference get the same default series", () => {
        for (const name of ["eval", "inference"]) {
            assert.ok(!("DEFAULT_SERIES" in environmentOf(plain, name)), name);
            assert.equal(environmentOf(changed, name).DEFAULT_SERIES, "PobleSec");
        }
        assert.equal(environmentOf(plain, "inference").MODELS_IN_MEMORY, "1000");
        assert.equal(environmentOf(changed, "inference").MODELS_IN_MEMORY, "8");
    });

    it("inference has neither MLflow's address nor permission to write models", () => {
        assert.ok(!("MLFLOW_TRACKING_URI" in environmentOf(plain, "inference")));
        const writable = OBJECT_STORE_GRANTS.inference.filter(({ access }) => access !== "read");
        assert.deepEqual(writable, [{ bucket: "inference-logs", access: "write" }]);
    });
});

describe("the dataset of a stack of version 0.1.0", () => {
    const former = (env: { name: string; value?: string }[]): FormerWorkload => ({
        spec: { template: { spec: { containers: [{ env }] } } },
    });

    it("the dataset of 0.1.0 is read from its workloads, and is empty for workloads of a newer version", () => {
        const job = former([{ name: "TRAIN_FILE", value: "PobleSec.csv" }, { name: "SCALER" }]);
        const shell = former([
            { name: "TRAIN_FILE", value: "PobleSec.csv" },
            { name: "TEST_FILE", value: "PobleSec_test.csv" },
        ]);
        assert.deepEqual(formerFiles([shell, job]), ["PobleSec.csv", "PobleSec_test.csv"]);
        assert.deepEqual(formerFiles([former([{ name: "DATASET_SAMPLE", value: "true" }]), {}]), []);
    });

    it("the dataset of 0.1.0 is declared unchanged before preprocess is updated, so that the state records to retain it", async () => {
        const { resources } = await deployProgram(settings({ identifier: "mine" }), {
            ...INPUTS,
            formerFiles: ["PobleSec.csv"],
        });
        const object = one(resources, "minio:index/s3Object:S3Object", "PobleSec.csv");
        assert.match(object.urn, /::flts:pipeline:Dataset\$minio:index\/s3Object:S3Object::PobleSec\.csv$/);
        assert.equal(object.inputs.objectName, "mine/PobleSec.csv");
        assert.equal(object.retained, true);
        assert.ok(
            one(resources, "kubernetes:apps/v1:Deployment", "preprocess").dependencies.includes(object.urn),
        );
    });
});
