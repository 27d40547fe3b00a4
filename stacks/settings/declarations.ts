import { settingDescriptions } from "./catalogue";

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
 */
export function projectDeclarations(): Readonly<Record<string, Declaration>> {
    return Object.fromEntries(
        settingDescriptions().map(({ path, description, allowed, fallback }) => [
            path,
            { description: `${description} (${allowed})`, default: fallback ?? "" },
        ]),
    );
}
