import { realpath } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Settings } from "../../stacks/settings/schema";
import { python } from "./python";

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

type Verdict = ({ accepted: true } & Accepted) | { accepted: false; error: Rejection };

/** Formats and demands of a check, named as in services/flts/preprocess/reading/options.py. */
export interface CheckOptions {
    readonly read: Readonly<Record<string, string>>;
    readonly judge: Readonly<Record<string, string | number | boolean>>;
}

/**
 * Checks files as preprocess will: the same Python code reads and judges them, so both come to the same verdict.
 *
 * @param train path of a CSV; it is read as a stream.
 * @param test path of the held-out rows; without it the end of `train` is held out.
 * @throws DatasetError for the first reason not to train on them.
 */
export async function checkDataset(
    train: string,
    test?: string,
    options: CheckOptions = { read: {}, judge: {} },
): Promise<Accepted> {
    const interpreter = await python();
    const mounts: string[] = [];
    const mounted = async (path: string, at: string): Promise<string> => {
        const file = await realpath(path);
        interpreter.mountNodeFS(at, dirname(file));
        mounts.push(at);
        return `${at}/${basename(file)}`;
    };
    try {
        const request = {
            train: await mounted(train, "/train"),
            train_name: train,
            test: test === undefined ? "" : await mounted(test, "/test"),
            test_name: test ?? "",
            read_options: options.read,
            judge_options: options.judge,
        };
        const judge = interpreter.pyimport("flts.preprocess.reading.check") as Judge;
        const verdict = JSON.parse(judge.verdict_as_json(JSON.stringify(request))) as Verdict;
        if (!verdict.accepted) {
            throw new DatasetError(verdict.error);
        }
        return verdict;
    } finally {
        for (const at of mounts) {
            (interpreter.FS as Unmounting).unmount(at);
        }
    }
}

/** What is used of Emscripten's file system, whose types need more than the standard library's. */
interface Unmounting {
    unmount(at: string): void;
}

interface Judge {
    verdict_as_json(request: string): string;
}

/** The options of a stack's settings, which preprocess gets as environment variables. */
export function checkOptions({ dataset, preprocess, training }: Settings): CheckOptions {
    return {
        read: {
            separator: dataset.separator,
            decimal: dataset.decimal,
            thousands: dataset.thousands,
            encoding: dataset.encoding,
            time_column: dataset.timeColumn ?? "",
            time_format: dataset.timeFormat,
            time_zone: dataset.timeZone ?? "",
        },
        judge: {
            target_column: dataset.targetColumn ?? "",
            holdout_fraction: preprocess.holdoutFraction,
            input_rows: training.inputLength,
            output_rows: training.outputLength,
            lag_rows: preprocess.lags.count * preprocess.lags.step,
            handle_nans: preprocess.handleNans,
            nans_threshold: preprocess.nansThreshold,
            nans_drop_rows: preprocess.nansDropRows,
            nans_max_steps: preprocess.nansMaxSteps,
            resample: dataset.resample ?? "",
        },
    };
}
