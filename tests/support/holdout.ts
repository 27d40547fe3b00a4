import { createReadStream } from "node:fs";
import { parse } from "csv-parse";
import { observationsOf, requestForecast } from "../../cli/progress/forecast";

/** How far two ways to forecast were from what came. */
export interface HoldoutErrors {
    /** Root mean squared error of the service, in raw units. */
    readonly model: number;
    /** Root mean squared error of repeating the last value, in raw units. */
    readonly repeatLast: number;
    /** Windows asked for. */
    readonly windows: number;
}

/** Rows sent with each request: more than any window the tests train with. */
const CONTEXT_ROWS = 64;

type Row = Record<string, string>;

async function readRows(path: string): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const row of createReadStream(path).pipe(parse({ columns: true })) as AsyncIterable<Row>) {
        rows.push(row);
    }
    return rows;
}

/**
 * Asks the service at `url` for the step after each of `windows` evenly spaced windows of the held-out rows in `path`,
 * and compares its answers, and the repetition of the last value, with what really came.
 */
export async function holdoutErrors(
    url: string,
    path: string,
    target: string,
    windows: number,
    firstRow = 0,
): Promise<HoldoutErrors> {
    const rows = (await readRows(path)).slice(firstRow);
    const stride = Math.max(1, Math.floor((rows.length - CONTEXT_ROWS - 1) / windows));
    let modelSquares = 0;
    let repeatSquares = 0;
    let count = 0;
    for (let start = 0; start + CONTEXT_ROWS < rows.length && count < windows; start += stride) {
        const window = rows.slice(start, start + CONTEXT_ROWS);
        const came = Number(rows[start + CONTEXT_ROWS]?.[target]);
        const forecast = await requestForecast(url, observationsOf(window), 1);
        modelSquares += (Number(forecast.predictions[0]?.[target]) - came) ** 2;
        repeatSquares += (Number(window.at(-1)?.[target]) - came) ** 2;
        count += 1;
    }
    return {
        model: Math.sqrt(modelSquares / count),
        repeatLast: Math.sqrt(repeatSquares / count),
        windows: count,
    };
}
