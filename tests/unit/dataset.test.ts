import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { checkDataset, checkOptions, DatasetError, lastRows, type CheckOptions } from "../../cli/data/check";
import { withParts } from "../../cli/data/parts";
import { NATIVE, Reader, WEB_ASSEMBLY } from "../../cli/data/reader";
import { dataset } from "../../stacks/settings/pipeline";
import { projectDirectory } from "../support/commands";
import { readSettings } from "../../stacks/settings/read";
import { settings } from "../support/program";

interface Vector {
    readonly promise: string;
    readonly text: string;
    readonly encoding?: "utf16le" | "latin1";
    readonly gzip?: boolean;
    readonly read?: CheckOptions["read"];
    readonly validation?: CheckOptions["validation"];
    readonly accept?: Readonly<Record<string, unknown>>;
    readonly reject?: Readonly<Record<string, unknown>>;
}

interface Rules {
    readonly vectors: readonly Vector[];
    readonly signs: Readonly<Record<string, string>>;
    readonly reasons: Readonly<Record<string, readonly [reason: string, fix: string]>>;
    readonly timeFormats: Readonly<Record<string, object>>;
}

const rules = JSON.parse(
    readFileSync(join(projectDirectory, "services/flts/preprocess/csvrules.json"), "utf8"),
) as Rules;

/** Generated files with one defect or habit each, which are not part of the repository. */
const CASES = process.env.FLTS_CASES_DIR ?? join(projectDirectory, "..", "shared", "cases");
const results = JSON.parse(
    readFileSync(join(projectDirectory, "services/tests/csv_cases.json"), "utf8"),
) as Record<string, Vector>;

/** Vectors are short, so they ask for short windows; a line "@" in one stands for these rows. */
const SHORT = { input_rows: 2, output_rows: 1, holdout_fraction: 0.3 };
const ROWS = Array.from({ length: 10 }, (_, hour) => `2024-01-02 0${hour}:00:00,${hour}.5,${hour * 2}`);

function contentOf({ text, encoding = "utf8" as never, gzip }: Vector): Buffer {
    const content = Buffer.from(text.replace("\n@\n", `\n${ROWS.join("\n")}\n`), encoding as BufferEncoding);
    return gzip === true ? gzipSync(content) : content;
}

/** What was detected, or where and why the file was rejected. */
async function resultOf(
    file: string,
    options: CheckOptions,
    by: Promise<Reader>,
): Promise<Record<string, unknown>> {
    try {
        return (await checkDataset({ train: file, test: undefined }, options, () => undefined, by)).detected;
    } catch (error) {
        assert.ok(error instanceof DatasetError, String(error));
        const { code, line, column } = error.rejection;
        return { code, line, column };
    }
}

/** What is expected of a result's fields. */
function partOf(
    found: Readonly<Record<string, unknown>>,
    expected: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
    return Object.fromEntries(Object.keys(expected).map((name) => [name, found[name]]));
}

/** A table's text without the spaces that align its columns. */
function squeezed(table: string): string {
    return table.replace(/ +/g, " ");
}

describe("dataset check", function () {
    // Python's interpreter in WebAssembly takes its time to load.
    this.timeout(60_000);
    let folder: string;

    before(async () => {
        folder = await mkdtemp(join(tmpdir(), "flts-dataset-"));
    });

    after(() => rm(folder, { recursive: true }));

    async function csv(content: string | Buffer, name = "data.csv"): Promise<string> {
        const file = join(folder, name);
        await writeFile(file, content);
        return file;
    }

    for (const [name, interpreter] of Object.entries({ NATIVE, WEB_ASSEMBLY })) {
        describe(`by ${name === "NATIVE" ? "the machine's Python" : "Python in WebAssembly"}`, () => {
            let by: Promise<Reader>;

            before(async () => {
                by = Reader.start(interpreter);
                await by;
            });

            after(async () => {
                (await by).close();
            });

            for (const vector of rules.vectors) {
                it(`gets the same result as in the service: ${vector.promise}`, async () => {
                    const { read = {}, validation } = vector;
                    const options = { read, validation: { ...SHORT, ...validation } };
                    const found = await resultOf(await csv(contentOf(vector)), options, by);
                    const expected = vector.reject ?? vector.accept ?? {};
                    assert.equal("code" in found, vector.reject !== undefined, JSON.stringify(found));
                    assert.deepEqual(partOf(found, expected), expected);
                });
            }

            const cases = existsSync(CASES) ? results : {};
            for (const [name, { validation = {}, accept, reject }] of Object.entries(cases)) {
                it(`gets the same result as in the service for a file of a user: ${name}`, async () => {
                    const found = await resultOf(join(CASES, name), { read: {}, validation }, by);
                    const expected = reject ?? accept ?? {};
                    assert.deepEqual(partOf(found, expected), expected);
                });
            }

            it("gives the last rows of any format as a request's columns", async () => {
                const file = await csv("Date;y\n13.01.2024;1,5\n14.01.2024;NA\n15.01.2024;2,5\n");
                assert.deepEqual(await lastRows(file, 2, { read: {}, validation: {} }, by), {
                    time: ["2024-01-14 00:00:00", "2024-01-15 00:00:00"],
                    y: [null, 2.5],
                });
            });

            it("finds the series in a long file, and a mistake in one of them where its author does", async () => {
                const rows = Array.from({ length: 12 }, (_, hour) =>
                    ["a", "b"].map((of) => `2024-01-02 ${String(hour).padStart(2, "0")}:00,${of},${hour}\n`),
                );
                const file = await csv(`time,station,y\n${rows.flat().join("")}2024-01-03 00:00,b,many\n`);
                const options = { read: {}, validation: SHORT, split: { column: "station", most: 2 } };
                const files = [{ name: "data", train: file, test: undefined }];
                await withParts(
                    files,
                    options,
                    async ({ series, rejected }) => {
                        assert.deepEqual([series.map((each) => each.name), rejected], [["a", "b"], []]);
                        const [first, second] = series;
                        assert.ok(first !== undefined && second !== undefined);
                        const { target } = await checkDataset(first, options, undefined, by);
                        assert.equal(target, "y");
                        const last = await lastRows(first.train, 1, options, by, true);
                        assert.deepEqual(last, { time: ["2024-01-02 11:00:00"], y: [11] });
                        await assert.rejects(
                            checkDataset(second, options, undefined, by),
                            /data\.csv \(series b\), line 26, column 'y': 'many' is not a finite number/,
                        );
                    },
                    undefined,
                    () => by,
                );
            });

            it("refuses a file as a whole whose series are too many, or another file's", async () => {
                const row = (of: string): string => `2024-01-02,${of},1\n`;
                const header = "time,station,y\n";
                const one = await csv(`${header}${row("a")}${row("b")}`, "one.csv");
                const two = await csv(`${header}${row("c")}${row("b")}`, "two.csv");
                const many = await csv(`${header}${row("d")}${row("e")}${row("f")}`, "many.csv");
                const files = [one, two, many].map((train) => ({
                    name: basename(train, ".csv"),
                    train,
                    test: undefined,
                }));
                const options = { read: {}, validation: SHORT, split: { column: "station", most: 2 } };
                const { names, messages } = await withParts(
                    files,
                    options,
                    ({ series, rejected }) =>
                        Promise.resolve({
                            names: series.map((each) => each.name),
                            messages: rejected.map(({ message }) => message).join("\n"),
                        }),
                    undefined,
                    () => by,
                );
                assert.deepEqual(names, ["a", "b"]);
                assert.match(messages, /two\.csv, column 'station': 'b' is also a series of one\.csv/);
                assert.match(
                    messages,
                    /many\.csv, line 4, column 'station': 'f' is one series more than the 2/,
                );
            });

            it("answers several requests in their order, and reads through links", async () => {
                const file = await csv("time,y\n2024-01-01,1\n2024-01-02,2\n", "target.csv");
                const link = join(folder, `${name}.csv`);
                await symlink(file, link);
                const asked = [1, 2, 1].map((rows) => lastRows(link, rows, { read: {}, validation: {} }, by));
                assert.deepEqual(
                    (await Promise.all(asked)).map(({ y }) => y),
                    [[2], [1, 2], [2]],
                );
            });
        });
    }

    it("Python in WebAssembly makes the check if no other Python can be used", async () => {
        const old = ["python3", "-c", "import sys; sys.exit('too old')"] as const;
        const chosen = await Reader.first([["no-such-python"], old, WEB_ASSEMBLY]);
        chosen.close();
        assert.equal(chosen.interpreter, WEB_ASSEMBLY);
        await assert.rejects(
            Reader.first([["no-such-python"], old]),
            /ENOENT[^]*python3 ended \(1\): too old/,
        );
    });

    it("fails with the interpreter's own words where that ends", async () => {
        const broken = await Reader.start([
            "python3",
            "-c",
            "print('{}'.format('{\"ready\": true}')); input(); exit('out of luck')",
        ]);
        await assert.rejects(
            broken.ask("check", {}, () => undefined),
            /python3 ended \(1\): out of luck/,
        );
    });

    it("rejects with the file's path, line, column, value and what would work", async () => {
        const file = await csv("time,y\n2024-01-01,1\n2024-01-02,many\n");
        await assert.rejects(checkDataset({ train: file, test: undefined }), (error: Error) => {
            assert.ok(error instanceof DatasetError);
            assert.equal(error.rejection.file, file);
            assert.deepEqual([error.rejection.line, error.rejection.column], [3, "y"]);
            assert.equal(error.rejection.value, "many");
            assert.match(
                error.message,
                /data\.csv, line 3, column 'y': 'many' is not a finite number; correct/,
            );
            return true;
        });
    });

    it("validates a file of held-out rows together with the file that trains", async () => {
        const day = (from: number) =>
            Array.from({ length: 20 }, (_, at) => `2024-01-${from} ${at < 10 ? "0" : ""}${at}:00:00,${at}\n`);
        const train = await csv(`time,y\n${day(10).join("")}`, "a.csv");
        const later = await csv(`time,y\n${day(11).join("")}`, "a_test.csv");
        const short = { read: {}, validation: { input_rows: 2 } };
        assert.equal((await checkDataset({ train, test: later }, short)).target, "y");
        await assert.rejects(checkDataset({ train, test: train }, short), /held-out rows must be later/);
        const other = await csv(`time,z\n${day(11).join("")}`, "b.csv");
        await assert.rejects(
            checkDataset({ train, test: other }, short),
            /b\.csv, line 1, column 'y': there is no such/,
        );
    });

    it("accepts the project's sample with the settings' defaults", async () => {
        const sample = join(__dirname, "../../services/sample/sample.csv");
        const { detected, target } = await checkDataset(
            { train: sample, test: undefined },
            checkOptions(settings()),
        );
        assert.deepEqual([detected.frequency, target], ["2min", "down"]);
    });

    it("the settings offer the formats that the check knows", () => {
        const shape = dataset.unwrap().shape;
        const words = [shape.separator, shape.decimal, shape.thousands].flatMap(
            (field) => field.unwrap().options,
        );
        assert.deepEqual(
            words.filter((word) => !(word in rules.signs)),
            [],
        );
        assert.deepEqual(shape.timeFormat.unwrap().options, ["auto", ...Object.keys(rules.timeFormats)]);
    });

    it("refuses settings with one sign for decimals and thousands", () => {
        const configuration = {
            "flts:dataset": '{"decimal":"comma","thousands":"comma"}',
        };
        assert.throws(
            () => readSettings(configuration, "dev"),
            /dataset\.thousands = "?comma"?: is also flts:dataset\.decimal/,
        );
    });

    it("every reason to reject a file is documented", () => {
        const page = squeezed(readFileSync(join(projectDirectory, "docs/data.md"), "utf8"));
        for (const [reason, fix] of Object.values(rules.reasons)) {
            assert.ok(page.includes(`| ${reason} | ${fix} |`), reason);
        }
    });
});
