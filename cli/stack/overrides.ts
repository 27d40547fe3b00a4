import { keptMinioChart, minioChart } from "../../toolchain/images/chart";
import type { StackOptions } from "./options";
import { withoutPulledImages } from "./pulledImages";
import type { SettingsTree } from "./settings";

/**
 * What a deployment from this checkout sets beside its stack file: the chart as it is here, and what the
 * caller of `make` chose.
 */
export async function deploymentOverrides(options: StackOptions): Promise<SettingsTree> {
    // The chart is in a Go module, which a machine that only deploys to another cluster may not have.
    const chart = options.embedded ? await minioChart() : await keptMinioChart();
    return {
        ...(chart === undefined ? {} : { "flts:objectStore": { chart } }),
        ...(await withoutPulledImages(options)),
        // Users who upload their own data do not need the sample.
        ...(options.dataset === undefined ? {} : { "flts:dataset": { sample: false } }),
        ...(options.profile === undefined ? {} : { "flts:profile": options.profile }),
    };
}
