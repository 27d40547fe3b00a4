import { stripVTControlCharacters } from "node:util";

/** Pure formatting for people-facing output; nothing here writes anywhere. */

/** Width of `text` in terminal cells, colour codes left out. */
function visibleWidth(text: string): number {
    return stripVTControlCharacters(text).length;
}

/** A duration for people: `0.8s`, `42s`, `3m05s`, `1h02m`. `milliseconds` may be any non-negative number. */
export function formatDuration(milliseconds: number): string {
    if (milliseconds < 9_950) {
        return `${(milliseconds / 1000).toFixed(1)}s`;
    }
    const seconds = Math.round(milliseconds / 1000);
    if (seconds < 60) {
        return `${seconds}s`;
    }
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) {
        return `${minutes}m${String(seconds % 60).padStart(2, "0")}s`;
    }
    return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, "0")}m`;
}

/** A size for people in decimal units, as disks and downloads are labelled: `512 B`, `8.5 GB`. */
export function formatBytes(bytes: number): string {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let size = bytes;
    let unit = 0;
    while (size >= 999.5 && unit < units.length - 1) {
        size /= 1000;
        unit += 1;
    }
    const digits = unit === 0 || size >= 99.5 ? 0 : 1;
    return `${size.toFixed(digits)} ${units[unit] ?? "B"}`;
}

/**
 * Aligns `rows` in columns two spaces apart, one line a row, with no trailing blanks. Cells may hold colour codes.
 * Rows may differ in length. Returns the empty string for no rows.
 */
export function table(rows: readonly (readonly string[])[]): string {
    const widths: number[] = [];
    for (const row of rows) {
        row.forEach((cell, column) => {
            widths[column] = Math.max(widths[column] ?? 0, visibleWidth(cell));
        });
    }
    return rows
        .map((row) =>
            row
                .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - visibleWidth(cell)))
                .join("  ")
                .trimEnd(),
        )
        .join("\n");
}
