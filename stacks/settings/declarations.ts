import { settingDescriptions, type SettingDescription } from "./catalogue";
import { PROFILES } from "./profileNames";
import { SIZES } from "./profiles";
import { isTree, valueAt, type SettingsTree } from "./tree";

/** Declaration of one setting in `Pulumi.yaml`. */
export interface Declaration {
    readonly description: string;
    readonly default: unknown;
}

/**
 * Declarations of all settings for `Pulumi.yaml`, so that `pulumi config` shows them with their defaults.
 *
 * They carry no `type`: with one the engine itself refuses a wrong value, alone and without saying what is
 * allowed, before the program can report all mistakes at once. Empty text stands for "no default".
 *
 * What a profile sets has none either: the engine hands declared defaults to the program as if they had been given, and
 * given values win over the profile's.
 */
export function projectDeclarations(): Readonly<Record<string, Declaration>> {
    return Object.fromEntries(
        settingDescriptions().map((setting) => {
            const sizes = sizesByProfile(setting);
            const allowed = [setting.allowed, ...(sizes === undefined ? [] : [sizes])].join("; ");
            return [
                setting.path,
                {
                    description: `${setting.description} (${allowed})`,
                    default: sizes === undefined ? declared(setting.fallback) : "",
                },
            ];
        }),
    );
}

/** A default as the engine can declare it: a group without keys is none to it. */
function declared(fallback: unknown): unknown {
    return fallback === undefined || (isTree(fallback) && Object.keys(fallback).length === 0) ? "" : fallback;
}

/** In words, what each profile sets; undefined where none does. */
export function sizesByProfile({ path, fallback }: SettingDescription): string | undefined {
    const sizes = PROFILES.map((profile) => valueAt(SIZES[profile] as SettingsTree, path.split(".")));
    return sizes.every((size) => size === undefined)
        ? undefined
        : `by profile ${PROFILES.map((profile, index) => `${profile} ${String(sizes[index] ?? fallback)}`).join(", ")}`;
}
