import { minioChart } from "../../toolchain/images/chart";
import type { StackOptions } from "./options";
import { withoutPulledImages } from "./pulledImages";
import type { SettingsTree } from "./settings";

/**
 * What a deployment from this checkout sets beside its stack file: the chart as it is here, and what the
 * caller of `make` chose.
 */
export async function deploymentOverrides(options: StackOptions): Promise<SettingsTree> {
    return {
        "flts:objectStore": { chart: await minioChart() },
        ...(await withoutPulledImages(options)),
        // Who brings data of their own has no use for the sample.
        ...(options.dataset === undefined ? {} : { "flts:dataset": { sample: false } }),
        ...(options.profile === undefined ? {} : { "flts:profile": options.profile }),
    };
}
