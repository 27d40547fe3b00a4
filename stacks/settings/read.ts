import { contradictions } from "./contradictions";
import { problemsOf, SettingsError } from "./problems";
import { withSizes } from "./profiles";
import { settingsSchema, type Settings } from "./schema";
import { removeAt, treeFromConfiguration } from "./tree";

/**
 * Validates a stack's settings.
 *
 * @param configuration all configuration of the stack, as `pulumi.runtime.allConfig()` gives it.
 * @throws SettingsError with every mistake: wrong values, unknown keys and contradictions.
 */
export function readSettings(configuration: Readonly<Record<string, string>>, stack: string): Settings {
    const tree = treeFromConfiguration(configuration, "flts");
    const first = settingsSchema.safeParse(withSizes(tree));
    const problems = first.success ? [] : problemsOf(first.error.issues, tree);
    // What was wrong is taken out, so that a contradiction elsewhere is reported in the same run.
    for (const { path } of problems) {
        removeAt(tree, path);
    }
    const second = first.success ? first : settingsSchema.safeParse(withSizes(tree));
    const all = second.success ? [...problems, ...contradictions(second.data)] : problems;
    if (!first.success || all.length > 0) {
        throw new SettingsError(all, stack);
    }
    return first.data;
}
