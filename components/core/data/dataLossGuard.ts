import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { EVERYTHING, howToAllow } from "./allowedLoss";

/**
 * The engine prints this name when someone destroys without running the program, in which case the hook is not
 * there: 'hook "..." was not registered'. So it says what to do.
 */
const HOOK_NAME = "flts data-loss guard, which needs --run-program";

const RELEASE_HOOK_NAME = "flts guard of a chart's volumes";

/**
 * Refuses to delete or replace what holds data, unless the run allows it by name.
 *
 * It is a delete hook that also runs in previews: the preview itself fails, with the object's name, whether the
 * deletion comes from a removed resource, from a replacement or from a destroy.
 */
export class DataLossGuard {
    private readonly hook: pulumi.ResourceHook;
    private readonly releaseHook: pulumi.ResourceHook;

    /** @param allowed names of objects that may be lost in this run. */
    public constructor(allowed: readonly string[]) {
        this.hook = new pulumi.ResourceHook(
            HOOK_NAME,
            ({ name }) => {
                refuseDataLoss(name, allowed);
            },
            { onDryRun: true },
        );
        this.releaseHook = new pulumi.ResourceHook(
            RELEASE_HOOK_NAME,
            ({ name, oldInputs, newInputs }) => {
                refuseOtherVolumes(name, valuesOf(oldInputs), valuesOf(newInputs), allowed);
            },
            { onDryRun: true },
        );
    }

    /** Options of a resource that holds data. */
    public get options(): pulumi.ResourceOptions {
        return { hooks: { beforeDelete: [this.hook] } };
    }

    /** Options of a chart's release that holds data: an update of its values may delete them too. */
    public get releaseOptions(): pulumi.ResourceOptions {
        return { hooks: { beforeDelete: [this.hook], beforeUpdate: [this.releaseHook] } };
    }
}

/** True when hooks, as the engine keeps them with a resource's state, have the guard among them. */
export function isGuarded(hooks: Readonly<Record<string, readonly string[]>>): boolean {
    return Object.values(hooks).flat().includes(HOOK_NAME);
}

type ChartValues = Readonly<Record<string, unknown>>;

/** The values of a release's inputs, as hooks get them. */
function valuesOf(inputs: unknown): ChartValues {
    return (inputs as { readonly values?: ChartValues } | undefined)?.values ?? {};
}

/**
 * Values of MinIO's chart that decide which claims there are. A single server's claim may grow, and the numbers mean
 * nothing to it.
 */
function claimsOf({ mode, fullnameOverride, persistence, ...values }: ChartValues): object {
    const { size, ...volume } = (persistence ?? {}) as ChartValues;
    const { replicas, drivesPerNode, pools } = values;
    return {
        mode,
        fullnameOverride,
        volume,
        ...(mode === "distributed" ? { size, replicas, drivesPerNode, pools } : {}),
    };
}

/** @throws when the new values of a release make a chart declare other claims. */
export function refuseOtherVolumes(
    name: string,
    before: ChartValues,
    after: ChartValues,
    allowed: readonly string[],
): void {
    const [old, wanted] = [claimsOf(before), claimsOf(after)];
    if (!isDeepStrictEqual(old, wanted) && !allowed.includes(name) && !allowed.includes(EVERYTHING)) {
        throw new Error(
            `"${name}" holds data on volumes that its chart would delete or replace: the values ` +
                `${JSON.stringify(old)} would become ${JSON.stringify(wanted)}. docs/upgrades.md says how to keep the ` +
                `data. If they may be lost, ${howToAllow([name])}.`,
        );
    }
}

/** @throws when the object is not among the allowed ones. */
export function refuseDataLoss(name: string, allowed: readonly string[]): void {
    if (!allowed.includes(name) && !allowed.includes(EVERYTHING)) {
        throw new Error(
            `"${name}" holds data that this would delete. If it may be lost, ${howToAllow([name])}.`,
        );
    }
}
