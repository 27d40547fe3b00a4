import { basename } from "node:path";
import { setTimeout } from "node:timers/promises";
import { readSettings } from "../../stacks/settings/read";
import type { Settings } from "../../stacks/settings/parsed/settings";
import { fail, formatBytes, Progress, type Console } from "../../toolchain/console/index";
import { readStackFile } from "../stack/settings";
import { checkDataset, checkOptions, DatasetError, type CheckOptions } from "./check";
import { withParts } from "./parts";
import type { ReadingProgress } from "./reader";
import type { SeriesFiles } from "./series";

/** Mistakes that are shown: thousands of series may have one each. */
const SHOWN_MISTAKES = 20;
/** A check that is over by then is not shown, in milliseconds. */
const QUIET = 1_500;

/**
 * Reads every series and checks it as preprocess will, by the settings of the stack. What takes more than a second or
 * two is shown with its progress.
 *
 * @throws with all mistakes, the first of each series.
 */
export async function checkSeries(
    output: Console,
    series: readonly SeriesFiles[],
    projectDirectory: string,
    stack: string,
): Promise<void> {
    const options = optionsOf(projectDirectory, stack);
    const mistakes = await withParts(
        series,
        options,
        async ({ series: found, rejected }) => {
            const errors = [...rejected];
            for (const each of found) {
                try {
                    await withProgress(output, `Check ${each.name}`, (report) =>
                        checkDataset(each, options, report),
                    );
                } catch (error) {
                    if (!(error instanceof DatasetError)) {
                        throw error;
                    }
                    errors.push(error);
                }
            }
            return errors.map(({ message }) => message);
        },
        ({ name }, split) => withProgress(output, `Split ${name}`, split),
    );
    if (mistakes.length > 0) {
        const left = mistakes.length - SHOWN_MISTAKES;
        const more = left > 0 ? `\nand ${left} more.` : "";
        fail(`${mistakes.slice(0, SHOWN_MISTAKES).join("\n")}${more}\nNothing was uploaded or changed.`);
    }
}

async function withProgress<T>(
    output: Console,
    title: string,
    work: (report: (progress: ReadingProgress) => void) => Promise<T>,
): Promise<T> {
    let show: (progress: ReadingProgress) => void = () => undefined;
    const done = work((progress) => {
        show(progress);
    });
    const waited = new AbortController();
    const slow = setTimeout(QUIET, true, { signal: waited.signal }).catch(() => false);
    try {
        if (!(await Promise.race([done.then(() => false), slow]))) {
            return await done;
        }
    } finally {
        waited.abort();
    }
    return new Progress(output).step(title, {}, (report) => {
        show = ({ file, purpose, done: read, size }) => {
            report(
                read / size,
                `${purpose} of ${basename(file)}, ${formatBytes(read)} of ${formatBytes(size)}`,
            );
        };
        return done;
    });
}

/** How a stack's settings have its files read and validated. */
export function optionsOf(projectDirectory: string, stack: string): CheckOptions {
    return checkOptions(settingsOf(projectDirectory, stack));
}

/** The settings of a stack, as its file gives them. */
function settingsOf(projectDirectory: string, stack: string): Settings {
    const { config } = readStackFile(projectDirectory, stack);
    const given = Object.entries(config).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
    ]);
    return readSettings(Object.fromEntries(given) as Record<string, string>, stack);
}
