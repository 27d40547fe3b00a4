import { table } from "../../toolchain/console/index";
import type { Forecast, ForecastStep, Observations } from "./forecast";

/** Columns of the terminal that the chart takes. */
const CHART_WIDTH = 40;
/** Actual rows that are shown before the forecast. */
const ACTUAL_ROWS = 5;
/** Digits of a bound that say something: the interval itself is an estimate. */
const CERTAIN_DIGITS = 3;
/** Digits without an interval: more than the error of any model makes certain. */
const DIGITS_WITHOUT_INTERVAL = 4;

/** A line of the chart: an actual value, or a forecast with its bounds. */
interface Line {
    readonly time: string;
    readonly value: number | undefined;
    readonly lower: number | undefined;
    readonly upper: number | undefined;
    readonly mark: string;
}

/**
 * A forecast for a terminal: a line a row, values rounded to what the interval leaves certain, and a chart from left
 * to right, after the last actual rows.
 */
export function forecastChart(
    { predictions }: Pick<Forecast, "predictions">,
    observations: Observations,
): string {
    const target = targetOf(predictions);
    const lines = [
        ...actualLines(observations, target),
        ...predictions.map((step) => forecastLine(step, target)),
    ];
    const values = lines.flatMap(({ value, lower, upper }) => [value, lower, upper]).filter(isNumber);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const position = (value: number): number =>
        most > least ? Math.round(((value - least) / (most - least)) * (CHART_WIDTH - 1)) : 0;
    const text = formatOf(lines, most - least, Math.max(Math.abs(least), Math.abs(most)));
    const bounded = lines.some(({ lower }) => lower !== undefined);
    const head = ["time", target, ...(bounded ? ["from", "to"] : [])];
    return table([
        head,
        ...lines.map((line) => [
            line.time,
            text(line.value),
            ...(bounded ? [text(line.lower), text(line.upper)] : []),
            bar(line, position),
        ]),
    ]);
}

/** The column that a forecast is of: the one that has bounds or is the only one beside the time. */
function targetOf(predictions: readonly ForecastStep[]): string {
    const columns = Object.keys(predictions[0] ?? {}).filter((column) => column !== "ts");
    return columns.find((column) => columns.includes(`${column}_lower`)) ?? columns[0] ?? "";
}

function actualLines(observations: Observations, target: string): Line[] {
    const times = (observations.time ?? []).slice(-ACTUAL_ROWS);
    const values = (observations[target] ?? []).slice(-ACTUAL_ROWS);
    return times.map((time, at) => ({
        time: String(time).replace(" ", "T"),
        value: numberOf(values[at]),
        lower: undefined,
        upper: undefined,
        mark: "○",
    }));
}

function forecastLine(step: ForecastStep, target: string): Line {
    return {
        time: step.ts,
        value: numberOf(step[target]),
        lower: numberOf(step[`${target}_lower`]),
        upper: numberOf(step[`${target}_upper`]),
        mark: "●",
    };
}

function numberOf(value: unknown): number | undefined {
    return typeof value === "number" ? value : undefined;
}

function isNumber(value: number | undefined): value is number {
    return value !== undefined;
}

/** How values are written, all with the same unit in the last place: that of the narrowest interval. */
function formatOf(
    lines: readonly Line[],
    range: number,
    largest: number,
): (value: number | undefined) => string {
    const widths = lines.flatMap(({ lower, upper }) =>
        lower !== undefined && upper !== undefined && upper > lower ? [upper - lower] : [],
    );
    const scale = widths.length > 0 ? Math.min(...widths) : range > 0 ? range : largest;
    const digits = widths.length > 0 ? CERTAIN_DIGITS : DIGITS_WITHOUT_INTERVAL;
    const decimals = scale > 0 ? digits - 1 - Math.floor(Math.log10(scale)) : 0;
    // Beyond these, numbers are easier to read as powers of ten.
    if (largest !== 0 && (largest >= 1e15 || largest < 1e-6)) {
        const significant = Math.max(1, Math.min(16, Math.floor(Math.log10(largest)) + decimals + 1));
        return (value) => (value === undefined ? "" : value.toExponential(significant - 1));
    }
    const unit = 10 ** Math.max(0, -decimals);
    const format = new Intl.NumberFormat("en", {
        minimumFractionDigits: Math.max(0, Math.min(decimals, 20)),
        maximumFractionDigits: Math.max(0, Math.min(decimals, 20)),
    });
    // No -0 where a small negative value is rounded.
    return (value) => (value === undefined ? "" : format.format(Math.round(value / unit) * unit + 0));
}

function bar({ value, lower, upper, mark }: Line, position: (value: number) => number): string {
    const cells = Array.from({ length: CHART_WIDTH }, () => " ");
    if (lower !== undefined && upper !== undefined) {
        cells.fill("─", position(lower), position(upper) + 1);
    }
    if (value !== undefined) {
        cells[position(value)] = mark;
    }
    return cells.join("");
}
