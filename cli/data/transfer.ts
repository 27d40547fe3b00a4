import { basename } from "node:path";
import { Progress, type Console } from "../../toolchain/console/index";
import type { SeriesFiles } from "./series";
import type { DatasetStore } from "./store";

/** Uploads what the store does not hold yet. A second Ctrl-C ends the process at once. */
export async function uploadSeries(
    output: Console,
    store: DatasetStore,
    series: readonly SeriesFiles[],
): Promise<void> {
    const interruption = new AbortController();
    const interrupt = (): void => {
        interruption.abort();
    };
    process.once("SIGINT", interrupt);
    process.once("SIGTERM", interrupt);
    try {
        for (const { train, test } of series) {
            // The series first: rows held out of one that is not there yet would be a series of their own.
            for (const path of test === undefined ? [train] : [train, test]) {
                const name = basename(path);
                if (await store.holds(path, name)) {
                    output.line(`✓ ${name} already exists with this content`);
                } else {
                    await new Progress(output).step(`Upload ${name}`, {}, (report) =>
                        store.upload(path, name, report, interruption.signal),
                    );
                }
            }
        }
    } finally {
        process.off("SIGINT", interrupt);
        process.off("SIGTERM", interrupt);
    }
}
