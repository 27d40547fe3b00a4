import { parseSettings, type Settings } from "./parsed/settings";
import { problemsOf, SettingsError } from "./problems";
import { withSizes } from "./profiles";
import { settingsSchema } from "./schema";
import { removeAt, treeFromConfiguration, type SettingsTree } from "./tree";

/**
 * Validates a stack's settings.
 *
 * @param configuration all configuration of the stack, as `pulumi.runtime.allConfig()` gives it.
 * @throws SettingsError with every mistake: wrong values, unknown keys and contradictions.
 */
export function readSettings(configuration: Readonly<Record<string, string>>, stack: string): Settings {
    return settingsOf(treeFromConfiguration(configuration, "flts"), stack);
}

/** The same for a tree of settings, from which wrong values are removed. */
export function settingsOf(tree: SettingsTree, stack: string): Settings {
    const first = settingsSchema.safeParse(withSizes(tree));
    const wrong = first.success ? [] : problemsOf(first.error.issues, tree);
    // What was wrong is taken out, so that a contradiction elsewhere is reported in the same run.
    for (const { path } of wrong) {
        removeAt(tree, path);
    }
    const second = first.success ? first : settingsSchema.safeParse(withSizes(tree));
    const parsed = second.success ? parseSettings(second.data) : { problems: [] };
    if (parsed.problems !== undefined || wrong.length > 0) {
        throw new SettingsError([...wrong, ...(parsed.problems ?? [])], stack);
    }
    return parsed.settings;
}
