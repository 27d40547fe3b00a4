import { basename } from "node:path";
import { setTimeout } from "node:timers/promises";
import { readSettings } from "../../stacks/settings/read";
import type { Settings } from "../../stacks/settings/parsed/settings";
import { fail, formatBytes, Progress, type Console } from "../../toolchain/console/index";
import { readStackFile } from "../stack/settings";
import { checkDataset, checkOptions, DatasetError, type CheckOptions } from "./check";
import type { ReadingProgress } from "./reader";
import type { SeriesFiles } from "./series";

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
    const mistakes: string[] = [];
    for (const each of series) {
        try {
            await checkWithProgress(output, each, options);
        } catch (error) {
            if (!(error instanceof DatasetError)) {
                throw error;
            }
            mistakes.push(error.message);
        }
    }
    if (mistakes.length > 0) {
        fail(`${mistakes.join("\n")}\nNothing was uploaded or changed.`);
    }
}

async function checkWithProgress(
    output: Console,
    { name, train, test }: SeriesFiles,
    options: CheckOptions,
): Promise<void> {
    let show: (progress: ReadingProgress) => void = () => undefined;
    const checked = checkDataset(train, test, options, (progress) => {
        show(progress);
    });
    const waited = new AbortController();
    const slow = setTimeout(QUIET, true, { signal: waited.signal }).catch(() => false);
    try {
        if (!(await Promise.race([checked.then(() => false), slow]))) {
            return;
        }
    } finally {
        waited.abort();
    }
    await new Progress(output).step(`Check ${name}`, {}, (report) => {
        show = ({ file, purpose, done, size }) => {
            report(
                done / size,
                `${purpose} of ${basename(file)}, ${formatBytes(done)} of ${formatBytes(size)}`,
            );
        };
        return checked;
    });
}

/** How a stack's settings have its files read and judged. */
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
