/** Rows of a series as CSV text and as the columns that /predict takes. */

/** CSV text of columns, with a header line; a missing value is an empty cell. */
export function toCsv(data) {
    const names = Object.keys(data);
    const count = data[names[0]].length;
    const lines = Array.from({ length: count }, (_, row) =>
        names.map((name) => data[name][row] ?? "").join(","),
    );
    return [names.join(","), ...lines].join("\n");
}

/** Columns of CSV text. `index` is the column of times, which stay text; other cells are numbers or missing. */
export function fromCsv(text, index) {
    const [head, ...lines] = text
        .split(/\r?\n/)
        .map((line) => line.split(",").map((cell) => cell.trim()))
        .filter((cells) => cells.some((cell) => cell !== ""));
    if (head === undefined || lines.length === 0) {
        throw new Error("Enter a header line and rows.");
    }
    const wrong = lines.findIndex((cells) => cells.length !== head.length);
    if (wrong >= 0) {
        throw new Error(
            `Row ${wrong + 1} has ${lines[wrong].length} cells, the header line has ${head.length}.`,
        );
    }
    return Object.fromEntries(
        head.map((name, at) => [
            name,
            lines.map((cells, row) => cellOf(cells[at], name, row, name === index)),
        ]),
    );
}

function cellOf(cell, name, row, isTime) {
    if (isTime) {
        return cell;
    }
    if (cell === "") {
        return null;
    }
    const value = Number(cell);
    if (!Number.isFinite(value)) {
        throw new Error(`Row ${row + 1}, column ${name}: ${cell} is not a number.`);
    }
    return value;
}
