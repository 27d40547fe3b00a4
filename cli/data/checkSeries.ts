import { readSettings } from "../../stacks/settings/read";
import type { Settings } from "../../stacks/settings/schema";
import { fail } from "../../toolchain/console/index";
import { readStackFile } from "../stack/settings";
import { checkDataset, checkOptions, DatasetError, type CheckOptions } from "./check";
import type { SeriesFiles } from "./series";

/**
 * Reads every series and checks it as preprocess will, by the settings of the stack.
 *
 * @throws with all mistakes, the first of each series.
 */
export async function checkSeries(
    series: readonly SeriesFiles[],
    projectDirectory: string,
    stack: string,
): Promise<void> {
    const options = optionsOf(projectDirectory, stack);
    const mistakes: string[] = [];
    for (const { train, test } of series) {
        try {
            await checkDataset(train, test, options);
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
    return readSettings(
        { ...GIVEN_BY_MAKE, ...(Object.fromEntries(given) as Record<string, string>) },
        stack,
    );
}

/** What the program needs and `make` gives it; data have nothing to do with it. */
const GIVEN_BY_MAKE = { "flts:images.tag": "unset", "flts:objectStore.chart": "unset.tgz" };
