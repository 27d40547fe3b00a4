import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { minioChart } from "../../toolchain/images/chart";
import { imageTag } from "../../toolchain/images/keys";
import type { StackOptions } from "./options";
import { withoutPulledImages } from "./pulledImages";
import type { SettingsTree } from "./settings";

/** Series that is learned when no dataset is given, relative to the project's root. */
export const SAMPLE_DATASET = "services/sample/sample.csv";

/**
 * The dataset's files as settings: the CSV, and the rows held out of training from `<name>_test.csv` where such a file
 * stands beside it, as in the data that the pipeline was first made for.
 */
export function datasetSettings(dataset: string): SettingsTree {
    const file = resolve(dataset);
    const testFile = file.replace(/\.csv$/i, "_test.csv");
    return testFile !== file && existsSync(testFile) ? { file, testFile } : { file };
}

/**
 * What a deployment from this checkout sets beside its stack file: images and chart as they are here, and what the
 * caller of `make` chose.
 */
export async function deploymentOverrides(options: StackOptions): Promise<SettingsTree> {
    return {
        "flts:images": { tag: imageTag() },
        "flts:objectStore": { chart: await minioChart() },
        ...(await withoutPulledImages(options)),
        ...(options.profile === undefined ? {} : { "flts:profile": options.profile }),
        ...(options.dataset === undefined ? {} : { "flts:dataset": datasetSettings(options.dataset) }),
    };
}
