import { createReadStream } from "node:fs";
import { parse } from "csv-parse";

/** A window of observations, column by column, as `/predict` takes it. */
export type Observations = Record<string, (string | number | null)[]>;

/** One predicted step: its time, the predicted column, and its bounds where an interval was asked for. */
export interface ForecastStep {
    readonly ts: string;
    readonly [column: string]: string | number | null;
}

/** What `/predict` answers. */
export interface Forecast {
    readonly run_id: string;
    readonly config_hash: string;
    readonly predictions: readonly ForecastStep[];
    /** What to know about the forecast, such as rows that the model was not trained for. */
    readonly warnings?: readonly string[];
}

/** Column of a dataset that holds the time. */
export const TIME_COLUMN = "time";

/** The last `rows` observations of the CSV at `path`; the file is streamed, so its size does not matter. */
export async function lastObservations(path: string, rows: number): Promise<Observations> {
    const window: Record<string, string>[] = [];
    const records = createReadStream(path).pipe(
        parse({ bom: true, columns: true, trim: true, skip_empty_lines: true }),
    );
    for await (const record of records as AsyncIterable<Record<string, string>>) {
        window.push(record);
        if (window.length > rows) {
            window.shift();
        }
    }
    return observationsOf(window);
}

/** Rows of a CSV as `/predict` takes them: column by column, numbers as numbers and gaps as null. */
export function observationsOf(rows: readonly Record<string, string>[]): Observations {
    const value = (column: string, text: string | undefined): string | number | null => {
        if (column === TIME_COLUMN) {
            return text ?? null;
        }
        return text === undefined || text === "" ? null : Number(text);
    };
    return Object.fromEntries(
        Object.keys(rows[0] ?? {}).map((column) => [column, rows.map((row) => value(column, row[column]))]),
    );
}

/** A processed dataset: the hash of how it was processed, and how often that was done. */
export interface DataVersion {
    readonly config_hash: string;
    readonly generation: number;
}

/**
 * The data whose model the service at `url` answers with; undefined while it has none.
 *
 * @param series that is asked for; what the service takes for one that is not named when absent.
 */
export async function servedData(url: string, series?: string): Promise<DataVersion | undefined> {
    const query = series === undefined ? "" : `?series=${encodeURIComponent(series)}`;
    try {
        const response = await fetch(`${url}/model${query}`, { signal: AbortSignal.timeout(3_000) });
        return response.ok ? ((await response.json()) as DataVersion) : undefined;
    } catch {
        return undefined;
    }
}

/** True when both name the same processing of the same data. */
export function isSameData(one: DataVersion, other: DataVersion): boolean {
    return one.config_hash === other.config_hash && one.generation === other.generation;
}

/** No pod could answer just now: another try may. */
export class NoPodReady extends Error {}

/**
 * Asks the service at `url` for `steps` steps after `observations`. Throws with the service's own words if it refuses, and
 * NoPodReady where the load balancer knows of no ready pod.
 *
 * @param series that they are of; what the service takes for one that is not named when absent.
 * @param interval share of the actual values that are to lie between the bounds; no bounds when absent.
 */
export async function requestForecast(
    url: string,
    observations: Observations,
    steps: number,
    series?: string,
    interval?: number,
): Promise<Forecast> {
    const response = await fetch(`${url}/predict`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
            series,
            data: observations,
            index_col: TIME_COLUMN,
            inference_length: steps,
            interval,
        }),
        signal: AbortSignal.timeout(30_000),
    });
    if (!response.ok) {
        const refusal = `${url}/predict answered ${response.status}: ${await response.text()}`;
        throw response.status === 503 ? new NoPodReady(refusal) : new Error(refusal);
    }
    return (await response.json()) as Forecast;
}
