import { z } from "zod";
import { FLOORS, MODEL_TYPES, RETRAIN_POLICIES, type ModelType } from "../../components/contract";
import { CONCURRENCY_POLICIES } from "../../components/core/pod/cronJob";
import { optionalSchedule } from "./cron";
import { gpu } from "./gpu";
import { boolean, choice, decimal, integer, optionalText, resources, text } from "./fields";

/** Names of the time formats in services/flts/preprocess/csvrules.json. */
const TIME_FORMATS = [
    "auto",
    "iso",
    "day-first",
    "month-first",
    "month-name-first",
    "day-month-name",
    "compact",
    "compact-hour",
    "epoch-seconds",
    "epoch-milliseconds",
    "epoch-microseconds",
    "epoch-nanoseconds",
] as const;

/** Settings of the raw data. */
export const dataset = z
    .strictObject({
        sample: boolean("Upload the project's sample if no CSV was ever uploaded", false),
        pollSeconds: integer(
            "Seconds between two listings of the bucket for new or changed CSVs",
            15,
            1,
            86_400,
        ),
        targetColumn: optionalText(
            "Column to forecast; the first numeric one when empty",
            /\S/,
            "the name of a column",
        ),
        seriesColumn: optionalText(
            "Column that says which series a row belongs to: each CSV is split by it; when empty, a CSV is one series",
            /\S/,
            "the name of a column",
        ),
        maxSeries: integer(
            "Series that a CSV may be split into: more look like a wrong column, and the file is rejected",
            1_000,
            1,
            100_000,
        ),
        separator: choice(
            "Separator of cells; auto detects it",
            ["auto", "comma", "semicolon", "tab", "pipe"],
            "auto",
        ),
        decimal: choice("Decimal sign; auto detects it", ["auto", "point", "comma"], "auto"),
        thousands: choice(
            "Thousands separator; auto detects it",
            ["auto", "none", "comma", "point", "space", "apostrophe"],
            "auto",
        ),
        encoding: choice(
            "Encoding; auto reads UTF-8, UTF-16 with a byte order mark, and Latin-1 where nothing else is likely",
            [
                "auto",
                "utf-8",
                "utf-16",
                "latin-1",
                "windows-1250",
                "windows-1251",
                "windows-1252",
                "shift-jis",
            ],
            "auto",
        ),
        timeColumn: optionalText(
            "Column of times; when empty, `time` or the one column with another usual name",
            /\S/,
            "the name of a column",
        ),
        timeFormat: choice("Format of times; auto detects it if only one is possible", TIME_FORMATS, "auto"),
        timeZone: optionalText(
            "Time zone of times without an offset; when empty, they are used as they are",
            /^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/,
            "the name of a time zone, such as Europe/Madrid",
        ),
        resample: optionalText(
            "Interval over which rows are averaged, such as 15min; when empty, rows are not resampled",
            /^[1-9][0-9]{0,4}(us|ms|s|min|h|D)$/,
            "a number with us, ms, s, min, h or D",
        ),
    })
    .prefault({});

/** Settings of the preparation of data. */
export const preprocess = z
    .strictObject({
        scaler: choice(
            "How features are scaled",
            ["MinMaxScaler", "StandardScaler", "RobustScaler", "MaxAbsScaler", "none"],
            "MinMaxScaler",
        ),
        addConstant: optionalText(
            "Added to every value before scaling; nothing when empty",
            /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i,
            "a number",
        ),
        handleNans: boolean(
            "Interpolate empty cells and absent rows in time; refuse empty cells otherwise",
            true,
        ),
        nansThreshold: decimal(
            "Share of empty training cells above which a column is left out, and the target is refused",
            0.33,
            0,
            1,
        ),
        nansMaxSteps: integer(
            "Longest run of missing rows that is interpolated; rows in longer ones are left out",
            5,
            0,
            10_000,
        ),
        nansDropRows: boolean("Leave out rows with empty cells instead of interpolating them", false),
        driftFactor: decimal(
            "A series has drifted when the error of its forecasts is more than this times the error on held-out rows",
            2,
            1,
            1000,
        ),
        retrain: choice(
            "Whether models are trained on each changed file, or only if the series has no model or has drifted",
            RETRAIN_POLICIES,
            "always",
        ),
        retrainPeriodHours: decimal(
            "With retrain: drift, the shortest time in hours between two trainings of a series that has a model",
            24,
            0.01,
            8760,
        ),
        clip: z
            .strictObject({
                enabled: boolean("Clip outliers of every column but the forecast one", false),
                method: choice(
                    "Definition of an outlier: far outside the quartiles, or among the outermost values",
                    ["iqr", "percentile"],
                    "iqr",
                ),
                factor: decimal(
                    "For iqr: how many interquartile ranges are still inside; for percentile: percent cut off at either end",
                    1.5,
                    0.001,
                    49.9,
                ),
            })
            .prefault({}),
        lags: z
            .strictObject({
                count: integer("Past values of every column as further features; 0 for none", 0, 0, 1_000),
                step: integer("Rows between two of them", 1, 1, 100_000),
            })
            .prefault({}),
        timeFeatures: boolean("Add time of day, day of week and day of year as features", true),
        holdoutFraction: decimal(
            "Share of rows at the end that is held out without a test file",
            0.2,
            0.05,
            0.5,
        ),
        sampleTrainRows: integer("Training rows to use; 0 for all", 0, 0, 100_000_000),
        sampleTestRows: integer("Held-out rows to use; 0 for all", 0, 0, 100_000_000),
        sampleStrategy: choice("Which rows are used when not all are", ["head", "random"], "head"),
        sampleSeed: integer("Seed of the random choice of rows", 42, 0, 2_147_483_647),
        schedule: optionalSchedule(
            "When every series is processed and trained again although no file changed; never when empty. Changed files are " +
                "always processed within seconds",
        ),
        scheduleReprocess: boolean(
            "Train again at these times even if no file changed; false does only what is left to do",
            true,
        ),
        scheduleConcurrency: choice(
            "Whether a scheduled pass may start while the previous one still runs; concurrent passes never publish the same work twice",
            CONCURRENCY_POLICIES,
            "Forbid",
        ),
        extraHashSalt: text(
            "Changes the configuration hash of the same data and options",
            "",
            /^.{0,64}$/,
            "at most 64 characters",
        ),
        resources: resources(["preprocess", "preprocess-schedule"], ["100m", "256Mi"], ["2", "1536Mi"]),
    })
    .prefault({});

/**
 * Settings of the trainers, each of which gets the same resources. The defaults learn 16,000 rows in well under a minute
 * on two cores. Prophet keeps its own defaults: of these it takes the lengths and the experiment.
 */
export const training = z
    .strictObject({
        models: z
            .array(z.enum(MODEL_TYPES))
            .min(1)
            .default([...MODEL_TYPES])
            .describe("Model families to train; the best one is promoted"),
        replicas: z
            .strictObject(
                Object.fromEntries(
                    MODEL_TYPES.map((type) => [
                        type,
                        integer(
                            `Trainers of the family ${type}, which share the series; at most \`kafka.partitions\` of them work`,
                            1,
                            1,
                            64,
                        ),
                    ]),
                ) as Record<ModelType, ReturnType<typeof integer>>,
            )
            .prefault({}),
        inputLength: integer("Rows a forecast is made from", 16, 2, 10_000),
        outputLength: integer(
            "Rows ahead that models are trained and measured for: fewer if a series is too short; longer forecasts are marked",
            24,
            1,
            1_000,
        ),
        hiddenSize: integer("Units of each recurrent layer", 32, 1, 4096),
        layers: integer("Recurrent layers", 1, 1, 16),
        batchSize: integer("Windows of a training step", 128, 1, 65_536),
        epochs: integer("Passes over the training rows at most", 15, 1, 10_000),
        learningRate: decimal("Step size of the optimiser", 0.001, 1e-7, 1),
        patience: integer("Epochs without progress after which training ends", 5, 1, 10_000),
        deadlineSeconds: integer(
            "Seconds after which a training counts as stuck: its pod is restarted, which counts as a failed attempt",
            21_600,
            60,
            604_800,
        ),
        experiment: text(
            "MLflow experiment of the runs",
            "Default",
            /^[\w .-]{1,128}$/,
            "letters, digits, spaces, dots, hyphens",
        ),
        resources: resources(["train-gru", "train-lstm", "nonml-prophet"], ["150m", "512Mi"], ["2", "2Gi"]),
        gpu,
    })
    .prefault({});

/** Settings of the evaluator. */
export const evaluator = z
    .strictObject({
        typeTimeoutSeconds: integer(
            "Seconds to wait for the other model families once the first has reported; then an alert fires",
            1800,
            1,
            604_800,
        ),
        promoteIncomplete: boolean("Promote the best model so far when that time is over", false),
        floor: choice(
            "What a model has to beat to be promoted: nothing, repeating the last value and the season before, or these and the promoted " +
                "model on the same held-out rows; the first model of a series is served in any case",
            FLOORS,
            "baseline",
        ),
        resources: resources(["eval"], ["50m", "192Mi"], ["1", "768Mi"]),
    })
    .prefault({});
