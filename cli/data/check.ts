import { parse, type CsvError } from "csv-parse";
import { createReadStream } from "node:fs";

/** Column that every dataset must have. */
const TIME_COLUMN = "time";
/** What pandas reads as "no value": gaps are allowed and filled by the preprocessing. */
const GAPS = new Set(["", "nan", "na", "n/a", "null", "none", "-"]);

/** A dataset that cannot be used: where, and why. */
export class DatasetError extends Error {
    public constructor(file: string, line: number | undefined, reason: string) {
        super(`${file}${line === undefined ? "" : `, line ${line}`}: ${reason}`);
        this.name = "DatasetError";
    }
}

interface CsvRecord {
    readonly record: readonly string[];
    readonly info: { readonly lines: number };
}

/**
 * Reads a CSV as a stream and checks what the pipeline relies on: a `time` column, at least one other column,
 * rows, and numbers where numbers belong.
 *
 * @param targetColumn column that must be there, when one is to be forecast by name.
 * @throws DatasetError for the first mistake.
 */
export async function checkDataset(file: string, targetColumn?: string): Promise<void> {
    const records = createReadStream(file).pipe(parse({ bom: true, info: true, skip_empty_lines: true }));
    let header: readonly string[] | undefined;
    let rows = 0;
    try {
        for await (const item of records as AsyncIterable<CsvRecord>) {
            if (header === undefined) {
                header = item.record.map((name) => name.trim());
                checkHeader(file, header, targetColumn);
            } else {
                checkRow(file, header, item);
                rows += 1;
            }
        }
    } catch (error) {
        throw error instanceof DatasetError ? error : unreadable(file, error as CsvError);
    }
    if (header === undefined) {
        throw new DatasetError(file, undefined, "the file is empty; it needs a header and rows");
    }
    if (rows === 0) {
        throw new DatasetError(file, 1, "there is a header and no row below it");
    }
}

function checkHeader(file: string, header: readonly string[], targetColumn: string | undefined): void {
    const columns = header.join(", ");
    if (!header.includes(TIME_COLUMN)) {
        throw new DatasetError(file, 1, `there is no column "${TIME_COLUMN}"; the columns are ${columns}`);
    }
    if (header.length < 2) {
        throw new DatasetError(file, 1, `there is no column of numbers beside "${TIME_COLUMN}"`);
    }
    const twice = header.find((name, index) => header.indexOf(name) !== index);
    if (twice !== undefined) {
        throw new DatasetError(file, 1, `there are two columns "${twice}"`);
    }
    if (targetColumn !== undefined && !header.includes(targetColumn)) {
        throw new DatasetError(
            file,
            1,
            `there is no column "${targetColumn}", which flts:dataset.targetColumn names; the columns are ${columns}`,
        );
    }
}

function checkRow(file: string, header: readonly string[], { record, info }: CsvRecord): void {
    record.forEach((cell, index) => {
        const column = header[index] ?? "";
        const value = cell.trim();
        if (column === TIME_COLUMN) {
            if (value === "") {
                throw new DatasetError(file, info.lines, `column "${column}" is empty`);
            }
        } else if (!GAPS.has(value.toLowerCase()) && !Number.isFinite(Number(value))) {
            throw new DatasetError(
                file,
                info.lines,
                `column "${column}" holds "${value}" where a number belongs`,
            );
        }
    });
}

function unreadable(file: string, error: CsvError): DatasetError {
    const line = typeof error.lines === "number" ? error.lines : undefined;
    return new DatasetError(file, line, `the file is not a CSV that can be read: ${error.message}`);
}
