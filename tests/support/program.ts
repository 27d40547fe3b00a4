import type { DatasetFile } from "../../components/pipeline/dataset";
import type { InputFiles } from "../../stacks/inputFiles";
import { deployGateway } from "../../stacks/layers/gateway";
import { provideInfrastructure } from "../../stacks/layers/infrastructure";
import { deployLoadTest } from "../../stacks/layers/loadTest";
import { deployMonitoring } from "../../stacks/layers/monitoring";
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

/**
 * Everything that the program does for these settings.
 *
 * @param stacks outputs of the stacks that the settings name.
 */
export async function deployProgram(
    chosen: Settings,
    files: InputFiles = FILES,
    stacks: Readonly<Record<string, object>> = {},
): Promise<{ resources: readonly Recorded[]; outputs: StackOutputs }> {
    const { resources, result } = await record(async () => {
        const platform = createPlatform(chosen, "test", "test-context");
        const infrastructure = await provideInfrastructure(chosen, platform, files.chart);
        const pipeline = deployPipeline(chosen, platform, infrastructure, files);
        const serving = deployServing(chosen, platform, infrastructure);
        deployLoadTest(chosen, platform, serving);
        const endpoints = [...(pipeline?.metrics ?? []), ...(serving?.metrics ?? [])];
        const monitoring = deployMonitoring(chosen, platform, infrastructure, endpoints);
        const ingress = deployGateway(chosen, platform, infrastructure, serving, monitoring?.grafana);
        return stackOutputs(chosen, infrastructure, ingress, monitoring, undefined);
    }, stacks);
    return { resources, outputs: result };
}
