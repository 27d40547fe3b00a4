/** Draws the last rows of a series, its forecast and the interval of the forecast. */

const width = 900;
const height = 320;
const margin = { top: 12, right: 12, bottom: 28, left: 72 };
const digits = new Intl.NumberFormat("en", { maximumSignificantDigits: 4, notation: "compact" });

function element(name, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) {
        made.setAttribute(key, value);
    }
    if (text !== undefined) {
        made.textContent = text;
    }
    return made;
}

/** A path through the points whose value is known; it starts again after a missing one. */
function path(points, x, y) {
    let pen = "M";
    return points
        .map(({ at, value }) => {
            if (value === null) {
                pen = "M";
                return "";
            }
            const step = `${pen}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
            pen = "L";
            return step;
        })
        .join("");
}

/** Round values from at most `low` to at least `high`, four to eight of them. */
function ticks(low, high) {
    const rough = (high - low || Math.abs(high) || 1) / 5;
    const magnitude = 10 ** Math.floor(Math.log10(rough));
    const step = magnitude * [1, 2, 5, 10].find((factor) => factor * magnitude >= rough);
    const first = Math.floor(low / step);
    const count = Math.ceil(high / step) - first;
    return Array.from({ length: count + 1 }, (_, index) => (first + index) * step);
}

/**
 * Replaces the content of `svg`. `actual` and `forecast` are lists of {time, value}, oldest first; an entry of
 * `forecast` may have `lower` and `upper`.
 */
export function drawChart(svg, actual, forecast) {
    const past = actual.map(({ value }, at) => ({ at, value }));
    const last = past.at(-1);
    const ahead = forecast.map((entry, index) => ({ ...entry, at: past.length + index }));
    const values = [...past, ...ahead]
        .flatMap(({ value, lower, upper }) => [value, lower, upper])
        .filter((value) => typeof value === "number");
    const scale = ticks(Math.min(...values), Math.max(...values));
    const floor = scale[0];
    const span = scale.at(-1) - floor || 1;
    const x = (at) =>
        margin.left +
        (at / Math.max(1, past.length + ahead.length - 1)) * (width - margin.left - margin.right);
    const y = (value) =>
        height - margin.bottom - ((value - floor) / span) * (height - margin.top - margin.bottom);

    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.replaceChildren();
    for (const value of scale) {
        svg.append(
            element("line", {
                class: "grid",
                x1: margin.left,
                x2: width - margin.right,
                y1: y(value),
                y2: y(value),
            }),
            element(
                "text",
                { x: margin.left - 8, y: y(value) + 4, "text-anchor": "end" },
                digits.format(value),
            ),
        );
    }
    const times = [...actual, ...forecast].map(({ time }) => time);
    for (const [at, anchor] of [
        [0, "start"],
        // The last actual row: its time would run into that of the last forecast.
        [past.length - 1, "end"],
    ]) {
        svg.append(
            element("text", { x: x(at), y: height - 8, "text-anchor": anchor }, times[at].replace("T", " ")),
        );
    }
    const banded = ahead.filter(({ lower, upper }) => typeof lower === "number" && typeof upper === "number");
    if (banded.length > 0) {
        // It opens at the last actual value, so that an interval of one row is seen too.
        const start = last && last.value !== null ? [last] : [];
        const upper = [...start, ...banded.map(({ at, upper: value }) => ({ at, value }))];
        const lower = [...banded.map(({ at, lower: value }) => ({ at, value })).reverse(), ...start];
        const edge = `${path(upper, x, y)}${path(lower, x, y).replace("M", "L")}Z`;
        svg.append(element("path", { class: "interval", d: edge }));
    }
    svg.append(element("path", { class: "actual", d: path(past, x, y) }));
    svg.append(element("path", { class: "forecast", d: path(last ? [last, ...ahead] : ahead, x, y) }));
}
