import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { hasContent, PART_SIZE } from "../../cli/data/etag";
import { checkSeries } from "../../cli/data/checkSeries";
import { findSeries } from "../../cli/data/series";
import { forecastChart } from "../../cli/progress/chart";
import type { ForecastStep } from "../../cli/progress/forecast";
import { rejectionText } from "../../cli/progress/report";
import { createConsole } from "../../toolchain/console/index";
import { projectDirectory } from "../support/commands";

const GOOD = "time,down\n2020-01-01 00:00:00,1\n2020-01-01 00:02:00,2\n";

describe("data given to make", function () {
    // The check is Python code, whose interpreter is loaded once.
    this.timeout(60_000);

    let folder: string;
    const write = (name: string, content: string | Buffer = GOOD): string => {
        const path = join(folder, name);
        writeFileSync(path, content);
        return path;
    };

    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "flts-data-"));
    });

    afterEach(() => {
        rmSync(folder, { recursive: true });
    });

    it("a CSV is one series, with the held-out rows in the file next to it", () => {
        const train = write("series.csv");
        assert.deepEqual(findSeries(train, "FILE"), [{ name: "series", train, test: undefined }]);
        const test = write("series_test.csv");
        assert.deepEqual(findSeries(train, "FILE"), [{ name: "series", train, test }]);
    });

    it("a folder is all CSVs in it, without those in subfolders", () => {
        const [b, a, test] = [write("b.csv"), write("a.csv"), write("a_test.csv")];
        const lone = write("c_test.csv");
        write("notes.txt");
        mkdirSync(join(folder, "deeper.csv"));
        assert.deepEqual(findSeries(folder, "DATASET"), [
            { name: "a", train: a, test },
            { name: "b", train: b, test: undefined },
            { name: "c_test", train: lone, test: undefined },
        ]);
    });

    const refused: Record<string, [() => string, RegExp]> = {
        "a path that does not exist": [
            () => join(folder, "none.csv"),
            /^FILE=.*none\.csv: there is no such file or folder/,
        ],
        "a folder without a CSV": [() => folder, /^FILE=.*: the folder has no file that ends in \.csv/],
        "a file of another kind": [() => write("series.txt"), /series\.txt: .*rename it to series\.txt\.csv/],
        "a compressed file by another name": [
            () => write("series.csv.gz"),
            /series\.csv\.gz: .*ends in \.csv, in lower case, compressed ones too; rename it to series\.csv\.$/,
        ],
        "a folder with one": [
            () => {
                write("a.csv");
                write("b.csv.zip");
                return folder;
            },
            /b\.csv\.zip: .*rename it to b\.csv\.$/,
        ],
        "an ending in capitals": [() => write("series.CSV"), /series\.CSV: .*rename it to series\.csv/],
        "an invalid name of a series": [
            () => write("my series.csv"),
            /"my series" cannot be the name of a series/,
        ],
        "a name that is too long": [() => write(`${"n".repeat(64)}.csv`), /at most 63/],
    };
    for (const [what, [path, message]] of Object.entries(refused)) {
        it(`data are refused: ${what}`, () => {
            assert.throws(() => findSeries(path(), "FILE"), { name: "UserError", message });
        });
    }

    it("every file and its held-out rows are checked completely before anything is uploaded", async () => {
        write("a.csv");
        write("a_test.csv", "time,down\n2020-01-01 00:00:00,many\n");
        write("b.csv", "");
        const series = findSeries(folder, "FILE");
        await assert.rejects(
            checkSeries(createConsole({ write: () => true }), series, projectDirectory, "dev"),
            (error: Error) => {
                assert.match(error.message, /a_test\.csv, line 2, column .down.: .many./);
                assert.match(error.message, /b\.csv.*empty/);
                assert.match(error.message, /Nothing was uploaded or changed/);
                return true;
            },
        );
    });

    it("a compressed CSV has the same name as any other", async () => {
        const rows = Array.from(
            { length: 90 },
            (_, at) => `2020-01-01 0${Math.floor(at / 60)}:${String(at % 60).padStart(2, "0")},1\n`,
        );
        write("packed.csv", gzipSync(`time,down\n${rows.join("")}`));
        await checkSeries(
            createConsole({ write: () => true }),
            findSeries(folder, "FILE"),
            projectDirectory,
            "dev",
        );
    });

    it("uploaded data are recognized by size and ETag, complete or in the parts of usual clients, and by nothing less", async () => {
        const content = Buffer.alloc(2 * PART_SIZE - 1000, "0123456789\n");
        const path = write("large.csv", content);
        const md5 = (data: Buffer): Buffer => createHash("md5").update(data).digest();
        const inParts = (size: number): string => {
            const parts = [content.subarray(0, size), content.subarray(size)].map(md5);
            return `${md5(Buffer.concat(parts)).toString("hex")}-2`;
        };
        const size = content.length;
        assert.ok(await hasContent(path, { size, etag: md5(content).toString("hex") }));
        assert.ok(await hasContent(path, { size, etag: inParts(PART_SIZE) }));
        assert.ok(await hasContent(path, { size, etag: inParts(8 * 2 ** 20) }));
        assert.ok(!(await hasContent(path, { size, etag: inParts(7 * 2 ** 20) })));
        assert.ok(!(await hasContent(path, { size: size - 1, etag: md5(content).toString("hex") })));
        assert.ok(!(await hasContent(path, { size, etag: "0".repeat(32) })));
    });

    it("a rejection by preprocess is shown with file, line, column, reason and fix", () => {
        assert.equal(
            rejectionText("a", {
                file: "a.csv",
                line: 3,
                column: "down",
                value: "many",
                reason: "is not a number",
                fix: "write a number",
            }),
            'Series a was rejected: a.csv, line 3, column "down": is not a number (found "many"); write a number. ' +
                "The previous model, if any, is still served.",
        );
        assert.equal(
            rejectionText("a", { file: "a.csv", line: null, column: null, reason: "is empty" }),
            "Series a was rejected: a.csv: is empty. The previous model, if any, is still served.",
        );
    });
});

describe("the forecast on a terminal", () => {
    const observations = {
        time: ["2018-02-28 02:30:00", "2018-02-28 02:32:00"],
        down: [51234567.5, 56789012.25],
        up: [1, null],
    };
    const step = (ts: string, down: number, reach: number): ForecastStep => ({
        ts,
        down,
        down_lower: down - reach,
        down_upper: down + reach,
    });

    // Promise: make-up-prints-forecast
    it("a forecast is a chart after the last actual rows, with bounds and no more digits than they leave certain", () => {
        const predictions = [
            step("2018-02-28T02:34:00", 53925371.35351825, 12345678.9),
            step("2018-02-28T02:36:00", 48857799.1, 22345678.9),
        ];
        assert.deepEqual(forecastChart({ predictions }, observations).split("\n"), [
            "time                 down        from        to",
            "2018-02-28T02:30:00  51,200,000                                                ○",
            "2018-02-28T02:32:00  56,800,000                                                    ○",
            "2018-02-28T02:34:00  53,900,000  41,600,000  66,300,000               ───────────●───────────",
            "2018-02-28T02:36:00  48,900,000  26,500,000  71,200,000  ────────────────────●───────────────────",
        ]);
    });

    it("a forecast without bounds shows four digits of the range of its values, also of tiny ones", () => {
        const predictions = [{ ts: "2018-02-28T02:34:00", down: 53925371.35351825 }];
        assert.match(forecastChart({ predictions }, observations), /53,925,000 /);
        const tiny = [{ ts: "2018-02-28T02:34:00", down: 1.23456e-9 }];
        assert.match(forecastChart({ predictions: tiny }, { time: [], down: [] }), /1\.235e-9 /);
        const constant = [{ ts: "2018-02-28T02:34:00", down: 0 }];
        assert.match(forecastChart({ predictions: constant }, { time: [], down: [] }), /T02:34:00 +0 /);
    });
});
