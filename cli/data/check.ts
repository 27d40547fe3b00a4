import { realpath } from "node:fs/promises";
import type { Settings } from "../../stacks/settings/parsed/settings";
import { reader, type Reader, type ReadingProgress } from "./reader";
import type { SeriesFiles } from "./series";

/** A CSV that cannot be used: where, why, and what would work. */
export interface Rejection {
    readonly file: string;
    readonly line: number | null;
    readonly column: string | null;
    readonly value: string | null;
    readonly reason: string;
    readonly fix: string;
    /** Name of the reason in services/flts/preprocess/csvrules.json. */
    readonly code: string;
    /** All of it in a sentence. */
    readonly text: string;
}

/** What was found out about a CSV that can be used. */
export interface Accepted {
    /** Formats by name, as in the quality report. */
    readonly detected: Readonly<Record<string, string | boolean>>;
    /** Column to forecast. */
    readonly target: string;
    /** Columns that are left out, because too many of their cells are empty. */
    readonly dropped: readonly string[];
}

/** A dataset that cannot be used; the message is the rejection's text. */
export class DatasetError extends Error {
    public constructor(public readonly rejection: Rejection) {
        super(rejection.text);
        this.name = "DatasetError";
    }
}

/** Formats and demands of a check (undefined: the default), named as in services/flts/preprocess/reading/options.py. */
export interface CheckOptions {
    readonly read: Readonly<Record<string, string | undefined>>;
    readonly validation: Readonly<Record<string, string | number | boolean | undefined>>;
    /** The column of the series of a row, and how many a file may hold; undefined where a file is one series. */
    readonly split?: { readonly column: string; readonly most: number } | undefined;
}

/**
 * Checks files as preprocess will: the same Python code reads and validates them, so both come to the same result.
 *
 * @param files of a series, which are read as streams; without held-out rows the end of the others is held out.
 * @param report gets the progress a few times a second.
 * @param by what reads them; this process's reader by default.
 * @throws DatasetError for the first reason not to train on them.
 */
export async function checkDataset(
    { train, test, part }: Pick<SeriesFiles, "train" | "test" | "part">,
    options: CheckOptions = { read: {}, validation: {} },
    report: (progress: ReadingProgress) => void = () => undefined,
    by: Promise<Reader> = reader(),
): Promise<Accepted> {
    const request = {
        train: await realpath(train),
        train_name: part?.train.shown ?? train,
        train_lines: part?.train.lines,
        test: test === undefined ? undefined : await realpath(test),
        test_name: part?.test?.shown ?? test,
        test_lines: part?.test?.lines,
        read_options: options.read,
        validation_options: options.validation,
    };
    return accepted(await (await by).ask("check", request, report)) as Accepted;
}

/** What a reader accepted; throws DatasetError where it did not. */
export function accepted(answer: unknown): unknown {
    const result = answer as { accepted: true } | { accepted: false; error: Rejection };
    if (!result.accepted) {
        throw new DatasetError(result.error);
    }
    return result;
}

/**
 * The last rows of a file that was accepted, as `/predict` takes them, whatever formats the file is in.
 *
 * @param options those of the check.
 * @param isPart whether the file is a part of a longer one.
 * @param by what reads them; this process's reader by default.
 */
export async function lastRows(
    path: string,
    rows: number,
    { read, validation: { resample } }: CheckOptions,
    by: Promise<Reader> = reader(),
    isPart = false,
): Promise<Record<string, (string | number | null)[]>> {
    const request = { path: await realpath(path), rows, read_options: read, resample, is_part: isPart };
    const answer = await (await by).ask("last_rows", request, () => undefined);
    return answer as Record<string, (string | number | null)[]>;
}

/** The options of a stack's settings, which preprocess gets as environment variables. */
export function checkOptions({ dataset, preprocess, training }: Settings): CheckOptions {
    return {
        read: {
            separator: dataset.separator,
            decimal: dataset.decimal,
            thousands: dataset.thousands,
            encoding: dataset.encoding,
            time_column: dataset.timeColumn,
            time_format: dataset.timeFormat,
            time_zone: dataset.timeZone,
        },
        split:
            dataset.seriesColumn === undefined
                ? undefined
                : { column: dataset.seriesColumn, most: dataset.maxSeries },
        validation: {
            target_column: dataset.targetColumn,
            holdout_fraction: preprocess.holdoutFraction,
            input_rows: training.inputLength,
            lag_rows: preprocess.lags.count * preprocess.lags.step,
            handle_nans: preprocess.handleNans,
            nans_threshold: preprocess.nansThreshold,
            nans_drop_rows: preprocess.nansDropRows,
            nans_max_steps: preprocess.nansMaxSteps,
            resample: dataset.resample,
        },
    };
}
