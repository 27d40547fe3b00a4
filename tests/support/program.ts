import * as pulumi from "@pulumi/pulumi";
import type { StorageClass } from "../../components/core/data/retainingClass";
import { CHART_ARCHIVE } from "../../stacks/inputs/chart";
import type { Inputs } from "../../stacks/inputs/inputs";
import { deployLayers } from "../../stacks/layers/deployLayers";
import { createPlatform } from "../../stacks/platform/platform";
import { stackOutputs, type ProvidedOutputs, type StackOutputs } from "../../stacks/outputs/outputs";
import { sourceAmong } from "../../stacks/platform/volumes";
import { withSizes } from "../../stacks/settings/profiles";
import { settingsSchema, type Settings } from "../../stacks/settings/schema";
import { record, type Recorded } from "./mocks";

export const INPUTS: Inputs = { chart: CHART_ARCHIVE, formerFiles: [] };

/** The cluster's storage classes: its default, another, and the one that a stack with infrastructure made. */
export const CLASSES: readonly StorageClass[] = [
    {
        metadata: {
            name: "standard",
            annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
        },
        provisioner: "disks.example",
        parameters: { kind: "ssd" },
        volumeBindingMode: "WaitForFirstConsumer",
        allowVolumeExpansion: true,
    },
    { metadata: { name: "fast" }, provisioner: "disks.example", mountOptions: ["noatime"] },
    { metadata: { name: "flts-retain" }, provisioner: "disks.example" },
    { metadata: { name: "flts-two-retain" }, provisioner: "disks.example" },
];

/** Settings with their defaults or their profile's sizes, and what a test changes. */
export function settings(overrides: Record<string, unknown> = {}): Settings {
    return settingsSchema.parse(withSizes(overrides));
}

/** The outputs with all that they still wait for, as the engine would store them. */
function resolved(outputs: ProvidedOutputs): Promise<StackOutputs> {
    return new Promise((resolve) => {
        pulumi.output(outputs).apply((known) => {
            resolve(known as StackOutputs);
        });
    });
}

/**
 * Everything that the program does for these settings.
 *
 * @param stacks outputs of the stacks that the settings name.
 */
export async function deployProgram(
    chosen: Settings,
    inputs: Inputs = INPUTS,
    stacks: Readonly<Record<string, object>> = {},
): Promise<{ resources: readonly Recorded[]; outputs: StackOutputs }> {
    const { resources, result } = await record(async () => {
        const source = chosen.volumes.retain ? sourceAmong(CLASSES, chosen) : undefined;
        const platform = createPlatform(chosen, "test", "test-context", source);
        return resolved(stackOutputs(chosen, await deployLayers(chosen, platform, inputs), undefined));
    }, stacks);
    return { resources, outputs: result };
}
