import * as pulumi from "@pulumi/pulumi";

/** Name in `allowDataLoss` that stands for every guarded object. */
export const EVERYTHING = "all";

/**
 * The engine prints this name when somebody destroys without running the program, in which case the hook is not
 * there: 'hook "..." was not registered'. So it says what to do.
 */
const HOOK_NAME = "flts data-loss guard, which needs --run-program";

/**
 * Refuses to delete or replace what holds data, unless `allowDataLoss` names it.
 *
 * It is a delete hook that also runs in previews: the preview itself fails, with the object's name, whether the
 * deletion comes from a removed resource, from a replacement or from a destroy.
 */
export class DataLossGuard {
    private readonly hook: pulumi.ResourceHook;

    /** @param allowed names of objects that may be lost in this run. */
    public constructor(allowed: readonly string[]) {
        this.hook = new pulumi.ResourceHook(
            HOOK_NAME,
            ({ name }) => {
                refuseDataLoss(name, allowed);
            },
            { onDryRun: true },
        );
    }

    /** Options of a resource that holds data. */
    public get options(): pulumi.ResourceOptions {
        return { hooks: { beforeDelete: [this.hook] } };
    }
}

/** True when hooks, as the engine keeps them with a resource's state, have the guard among them. */
export function isGuarded(hooks: Readonly<Record<string, readonly string[]>>): boolean {
    return Object.values(hooks).flat().includes(HOOK_NAME);
}

/** @throws when the object is not among the allowed ones. */
export function refuseDataLoss(name: string, allowed: readonly string[]): void {
    if (!allowed.includes(name) && !allowed.includes(EVERYTHING)) {
        throw new Error(
            `"${name}" holds data that this would delete. If it may be lost, add ${name} ` +
                `(or ${EVERYTHING}) to the setting flts:allowDataLoss for this run.`,
        );
    }
}
