/** The page at /: a series, its last rows, and the forecast of its model. All data come from the API itself. */

import { drawChart } from "./chart.js";
import { fromCsv, toCsv } from "./rows.js";

const confidence = 0.9;
const numbers = new Intl.NumberFormat("en", { maximumSignificantDigits: 5 });
const byId = (id) => document.getElementById(id);
const chosen = () => byId("series").value;

/** Decoded JSON of an answer; raises an Error with the API's own explanation. */
async function answerOf(path, options) {
    const response = await fetch(path, options);
    const answer = await response.json();
    if (response.ok) {
        return answer;
    }
    const { detail } = answer;
    throw new Error(typeof detail === "string" ? detail : `${detail[0].loc.join(".")}: ${detail[0].msg}`);
}

function report(text, isError = false) {
    const status = byId("status");
    status.textContent = text;
    status.classList.toggle("warning", isError);
}

/** Runs an action and shows what goes wrong where the reader looks. */
async function attempt(action) {
    report("Loading…");
    try {
        report((await action()) ?? "");
    } catch (error) {
        report(error.message, true);
    }
}

/** All series, page by page. */
async function allSeries() {
    const found = [];
    let after = "";
    do {
        const page = await answerOf(`series?limit=200&after=${encodeURIComponent(after)}`);
        found.push(...page.series);
        after = page.next;
    } while (after);
    return found;
}

function showModel(entry) {
    const facts = [
        ["Family", entry.model_type],
        ["Promoted", entry.promoted_at && new Date(entry.promoted_at).toLocaleString("en")],
        ["RMSE on held-out rows", entry.rmse],
        ["RMSE of the baseline", entry.baseline_rmse],
        ["MAE on held-out rows", entry.mae],
        ["MLflow run", entry.run_id],
    ].filter(([, value]) => value !== undefined && value !== null);
    byId("facts").replaceChildren(
        ...facts.map(([name, value]) => {
            const item = document.createElement("div");
            const term = document.createElement("dt");
            const description = document.createElement("dd");
            term.textContent = name;
            description.textContent = typeof value === "number" ? numbers.format(value) : value;
            item.append(term, description);
            return item;
        }),
    );
    byId("model").hidden = facts.length === 0;
}

function showTable(columns, rows) {
    const table = byId("forecast");
    table.replaceChildren();
    const head = table.createTHead().insertRow();
    for (const name of columns) {
        const cell = document.createElement("th");
        cell.textContent = name;
        head.append(cell);
    }
    const body = table.createTBody();
    for (const row of rows) {
        const line = body.insertRow();
        for (const name of columns) {
            const value = row[name];
            line.insertCell().textContent = typeof value === "number" ? numbers.format(value) : (value ?? "");
        }
    }
    byId("result").hidden = false;
}

/** Forecasts the rows that follow `data` and shows them. */
async function forecast(series, { data, index, target }) {
    const answer = await answerOf("predict", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
            series,
            data,
            index_col: index,
            inference_length: Number(byId("steps").value),
            interval: confidence,
        }),
    });
    const rows = answer.predictions.map((row) => ({
        time: row.ts.replace("T", " "),
        value: row[target],
        lower: row[`${target}_lower`],
        upper: row[`${target}_upper`],
    }));
    const actual = data[index].map((time, at) => ({ time, value: data[target]?.[at] ?? null }));
    drawChart(byId("chart"), actual, rows);
    const interval = rows.some(({ lower }) => lower !== undefined);
    byId("caption").textContent =
        `${target} of ${series}: the last ${actual.length} rows and a forecast of ${rows.length}` +
        (interval ? `, with its ${100 * confidence} % interval` : "");
    byId("figure").hidden = false;
    showTable(["time", "value", ...(interval ? ["lower", "upper"] : [])], rows);
    return (answer.warnings ?? []).join(" ");
}

const state = { entries: new Map(), rows: undefined };

/** Shows the chosen series with the rows that its model was measured on last. */
async function showSeries() {
    const series = chosen();
    const entry = state.entries.get(series);
    showModel(entry);
    state.rows = undefined;
    const { data, index_col: index, target } = await answerOf(`rows?series=${encodeURIComponent(series)}`);
    state.rows = { index, target };
    byId("rows").value = toCsv(data);
    const warnings = await forecast(series, { data, index, target });
    const floor = entry.below_floor
        ? "This model is worse than the baseline; no better one is known yet. "
        : "";
    return floor + warnings;
}

async function start() {
    const entries = await allSeries();
    state.entries = new Map(entries.map((entry) => [entry.series, entry]));
    if (entries.length === 0) {
        throw new Error("No model is promoted yet. Reload the page when the first training is done.");
    }
    const wanted = new URLSearchParams(location.search).get("series");
    byId("series").replaceChildren(
        ...entries.map(({ series }) => new Option(series || "(unnamed)", series, false, series === wanted)),
    );
    byId("series").disabled = false;
    return showSeries();
}

byId("choice").addEventListener("submit", (event) => {
    event.preventDefault();
    void attempt(showSeries);
});
byId("series").addEventListener("change", () => void attempt(showSeries));
byId("own").addEventListener("submit", (event) => {
    event.preventDefault();
    void attempt(async () => {
        const text = byId("rows").value;
        const index = state.rows?.index ?? "time";
        const target = state.rows?.target;
        return forecast(chosen(), { data: fromCsv(text, index), index, target });
    });
});
void attempt(start);
