import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { accepted, DatasetError, type CheckOptions } from "./check";
import { reader, type Reader, type ReadingProgress } from "./reader";
import type { SeriesFiles, WholeFile } from "./series";

/** What files hold: series, and reasons why other files hold none that can be used. */
export interface Found {
    readonly series: readonly SeriesFiles[];
    readonly rejected: readonly DatasetError[];
}

/** Files of parts by series, without their extensions. */
interface Parts {
    readonly train: Readonly<Record<string, string>>;
    readonly test?: Readonly<Record<string, string>>;
}

/**
 * Gives `use` the series in files as preprocess will find them: where `dataset.seriesColumn` is set, each file is split
 * by that column into a folder that is there as long as `use` needs it.
 *
 * @param report gets the progress of reading, with the file's series name.
 * @param by what reads them; this process's reader by default.
 */
export async function withParts<T>(
    files: readonly SeriesFiles[],
    options: CheckOptions,
    use: (found: Found) => Promise<T>,
    split: (file: SeriesFiles, by: SplitFile) => Promise<Parts> = (_, by) => by(() => undefined),
    by: () => Promise<Reader> = reader,
): Promise<T> {
    const { split: splitting } = options;
    if (splitting === undefined) {
        return use({ series: files, rejected: [] });
    }
    const folder = await mkdtemp(join(await realpath(tmpdir()), "flts-parts-"));
    try {
        const owners: Record<string, string> = Object.fromEntries(
            files.map(({ name, train }) => [name, basename(train)]),
        );
        const series: SeriesFiles[] = [];
        const rejected: DatasetError[] = [];
        for (const file of files) {
            try {
                const into = await mkdtemp(join(folder, "file-"));
                const parts = await split(file, async (report) => {
                    const request = {
                        train: await realpath(file.train),
                        train_name: file.train,
                        test: file.test === undefined ? undefined : await realpath(file.test),
                        test_name: file.test,
                        folder: into,
                        read_options: { ...options.read, series_column: splitting.column },
                        most: splitting.most,
                        owners,
                    };
                    return accepted(await (await by()).ask("parts", request, report)) as Parts;
                });
                for (const name of Object.keys(parts.train)) {
                    owners[name] = basename(file.train);
                    series.push(partOf(file, name, parts, into));
                }
            } catch (error) {
                if (!(error instanceof DatasetError)) {
                    throw error;
                }
                rejected.push(error);
            }
        }
        return await use({ series, rejected });
    } finally {
        await rm(folder, { recursive: true });
    }
}

/** Splits a file; `report` gets the progress a few times a second. */
export type SplitFile = (report: (progress: ReadingProgress) => void) => Promise<Parts>;

function partOf(file: SeriesFiles, name: string, { train, test }: Parts, folder: string): SeriesFiles {
    const csv = (stem: string): string => join(folder, `${stem}.csv`);
    const whole = (path: string, stem: string): WholeFile => ({
        shown: `${path} (series ${name})`,
        lines: join(folder, `${stem}.lines`),
    });
    const own = train[name] ?? "";
    const heldOut = test?.[name];
    return {
        name,
        train: csv(own),
        test: heldOut === undefined ? undefined : csv(heldOut),
        part: {
            train: whole(file.train, own),
            test: heldOut === undefined ? undefined : whole(file.test ?? "", heldOut),
        },
    };
}
