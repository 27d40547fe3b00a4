import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { SERIES_NAME } from "../../components/contract";
import type { StackOptions } from "../stack/options";
import { fail } from "../../toolchain/console/index";

const NAME_SHAPE =
    "letters, digits, dots, underscores and hyphens, at most 63, beginning with a letter or digit";

/** The project's own series, which a stack with `dataset.sample` begins with, relative to the project's root. */
export const SAMPLE_DATASET = "services/sample/sample.csv";

const CSV = ".csv";
const HELD_OUT = "_test.csv";
/** What a compressed CSV's name may end in elsewhere; here, its first bytes say that it is compressed. */
const COMPRESSED = /(?<=\.csv)\.(gz|zip)$/i;
/** The files of a folder that are meant to be series, if not all by the right name. */
const IS_MEANT = /\.csv(\.gz|\.zip)?$/i;

/** What a part of a longer file says about that. */
export interface WholeFile {
    readonly shown: string;
    /** Path of the rows' line numbers. */
    readonly lines: string;
}

/** A series on this machine. */
export interface SeriesFiles {
    readonly name: string;
    /** Absolute path of `<name>.csv`. */
    readonly train: string;
    /** Absolute path of `<name>_test.csv` beside it, with its held-out rows; undefined where there is none. */
    readonly test: string | undefined;
    /** Where the files are parts of longer ones: what messages call them, and the lines that their rows had there. */
    readonly part?: { readonly train: WholeFile; readonly test: WholeFile | undefined };
}

/** The series that FILE names, or DATASET where `make up` is given one. */
export function chosenSeries({ file, dataset }: Pick<StackOptions, "file" | "dataset">): SeriesFiles[] {
    if (file !== undefined) {
        return findSeries(file, "FILE");
    }
    if (dataset !== undefined) {
        return findSeries(dataset, "DATASET");
    }
    fail("FILE is not set: name a CSV or a folder of them, as in `make data FILE=series.csv`.");
}

/**
 * The series that a path means: a CSV, or all CSVs of a folder, not of folders in it. Rows held out of training come
 * along from `<name>_test.csv` where such a file stands beside `<name>.csv`.
 *
 * @param variable of `make` that named the path, for messages.
 */
export function findSeries(path: string, variable: string): SeriesFiles[] {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) {
        fail(`${variable}=${path}: there is no such file or folder.`);
    }
    const folder = found.isDirectory() ? resolve(path) : dirname(resolve(path));
    const files = found.isDirectory() ? csvsOf(folder) : [basename(resolve(path))];
    if (files.length === 0) {
        fail(
            `${variable}=${path}: the folder has no file that ends in ${CSV}; name one that has, or a file.`,
        );
    }
    const series = files.filter((file) => found.isFile() || !isHeldOut(file, files));
    return series.map((file) => seriesOf(folder, file, variable));
}

function csvsOf(folder: string): string[] {
    return readdirSync(folder, { withFileTypes: true })
        .filter((entry) => !entry.isDirectory() && IS_MEANT.test(entry.name))
        .map(({ name }) => name)
        .sort();
}

function isHeldOut(file: string, files: readonly string[]): boolean {
    return file.endsWith(HELD_OUT) && files.includes(`${file.slice(0, -HELD_OUT.length)}${CSV}`);
}

function seriesOf(folder: string, file: string, variable: string): SeriesFiles {
    const path = join(folder, file);
    if (!statSync(path).isFile()) {
        fail(`${variable}: ${path} is not a file; name a CSV, or a folder with CSVs.`);
    }
    if (!file.endsWith(CSV)) {
        const also = COMPRESSED.test(file) ? ", compressed ones too" : "";
        const bare = file.replace(COMPRESSED, "").replace(/\.csv$/i, "");
        fail(
            `${variable}: ${path}: a series is a file that ends in ${CSV}, in lower case${also}; rename it to ${bare}${CSV}.`,
        );
    }
    const name = file.slice(0, -CSV.length);
    if (!SERIES_NAME.test(name)) {
        fail(
            `${variable}: ${path}: "${name}" cannot be the name of a series; rename the file: ${NAME_SHAPE}.`,
        );
    }
    const test = join(folder, `${name}${HELD_OUT}`);
    return { name, train: path, test: existsSync(test) ? test : undefined };
}
