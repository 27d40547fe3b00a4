import type { DatasetFile } from "../../components/pipeline/dataset";
import type { InputFiles } from "../../stacks/inputFiles";
import { deployInfrastructure } from "../../stacks/layers/infrastructure";
import { deployPipeline } from "../../stacks/layers/pipeline";
import { createPlatform } from "../../stacks/layers/platform";
import { deployServing } from "../../stacks/layers/serving";
import { stackOutputs, type StackOutputs } from "../../stacks/outputs";
import { settingsSchema, type Settings } from "../../stacks/settings/schema";
import { record, type Recorded } from "./mocks";

const TRAIN: DatasetFile = { path: "/data/train.csv", objectName: "train.csv", digest: "0a".repeat(32) };

export const FILES: InputFiles = {
    train: TRAIN,
    test: undefined,
    chart: { archive: "/charts/minio.tgz" },
};

/** Settings with their defaults, and what a test changes. */
export function settings(overrides: Record<string, unknown> = {}): Settings {
    return settingsSchema.parse({ images: { tag: "test" }, ...overrides });
}

/** Everything that the program does for these settings. */
export async function deployProgram(
    chosen: Settings,
    files: InputFiles = FILES,
): Promise<{ resources: readonly Recorded[]; outputs: StackOutputs }> {
    const { resources, result } = await record(() => {
        const platform = createPlatform(chosen, "test", "test-context");
        const infrastructure = deployInfrastructure(chosen, platform, files.chart);
        deployPipeline(chosen, platform, infrastructure, files);
        deployServing(chosen, platform, infrastructure);
        return stackOutputs(chosen, infrastructure);
    });
    return { resources, outputs: result };
}
