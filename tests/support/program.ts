import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { ExistingLabels } from "../../components/core/ownershipGuard";
import type { StorageClass } from "../../components/core/data/retainingClass";
import { CHART_ARCHIVE } from "../../stacks/inputs/chart";
import type { Inputs } from "../../stacks/inputs/inputs";
import { deployLayers } from "../../stacks/layers/deployLayers";
import { NOTHING_FOUND, type FoundNetwork } from "../../components/access/foundNetwork";
import { networkOf } from "../../stacks/platform/clusterNetwork";
import { createPlatform } from "../../stacks/platform/platform";
import { stackOutputs, type ProvidedOutputs, type StackOutputs } from "../../stacks/outputs/outputs";
import { error } from "../../stacks/preflight/finding";
import { Report } from "../../stacks/preflight/report";
import { sourceAmong } from "../../stacks/platform/volumes";
import type { Settings } from "../../stacks/settings/parsed/settings";
import { settingsOf } from "../../stacks/settings/read";
import type { SettingsTree } from "../../stacks/settings/tree";
import { record, type Recorded } from "./mocks";

/** A cluster that has nothing of another owner. */
export const NOTHING_EXISTS: ExistingLabels = () => Promise.resolve(undefined);

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

/**
 * Settings with their defaults or their profile's sizes, and what a test changes.
 *
 * @throws SettingsError where the program refuses them.
 */
export function settings(overrides: SettingsTree = {}): Settings {
    return settingsOf(overrides, "test");
}

/** Whether nothing can be made in its object store, so that no other stack can use it. */
export function servesOneStack({ infrastructure }: Settings): boolean {
    return infrastructure.from === "deploy" && infrastructure.objectStore.from === "given";
}

/** The same settings of a stack with all but the infrastructure, which another stack has. */
export function settingsAbove({ infrastructure, layers, ...chosen }: Settings, stack: string): Settings {
    assert.ok(infrastructure.from === "deploy" && infrastructure.objectStore.from !== "given");
    return {
        ...chosen,
        layers: layers.filter((layer) => layer !== "infrastructure"),
        infrastructure: { from: "stack", stack, objectStoreAccess: infrastructure.objectStore.access },
    };
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
 * @param found what is read of the cluster's own servers.
 */
export async function deployProgram(
    chosen: Settings,
    inputs: Inputs = INPUTS,
    stacks: Readonly<Record<string, object>> = {},
    found: FoundNetwork = NOTHING_FOUND,
): Promise<{ resources: readonly Recorded[]; outputs: StackOutputs }> {
    const { resources, result } = await record(async () => {
        const source = chosen.volumes.retain ? sourceAmong(CLASSES, chosen) : undefined;
        const platform = createPlatform(chosen, "test", "test-context", {
            source,
            network: networkOf(chosen.network, found),
            clusterIdentity: "test-cluster",
            existing: NOTHING_EXISTS,
            allowed: [],
            passed: Promise.resolve(),
        });
        const layers = await deployLayers(chosen, platform, inputs);
        const report = new Report();
        report.add(platform.cluster.problems().map(error));
        report.conclude();
        return resolved(stackOutputs(chosen, layers, undefined));
    }, stacks);
    return { resources, outputs: result };
}
