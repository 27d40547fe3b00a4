import { closest, distance } from "fastest-levenshtein";
import type { z } from "zod";
import { settingDescriptions, type SettingDescription } from "./catalogue";
import { replacementOf } from "./removed";
import { isTree, valueAt, type SettingsTree } from "./tree";

/** A mistake in the settings: where it is, and what to do. */
export interface Problem {
    readonly path: readonly PropertyKey[];
    readonly message: string;
}

/** Reports a value that is not allowed beside others, or one that is missing. */
export type Report = (path: string, value: unknown, reason: string) => void;

/** Share of a key's letters that may differ for it to count as misspelt. */
const TYPO_SHARE = 0.4;

/** Turns what the schema refused into messages a user can act on. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], tree: SettingsTree): Problem[] {
    const settings = settingDescriptions();
    return issues.flatMap((issue) =>
        issue.code === "unrecognized_keys"
            ? issue.keys.flatMap((key) => unknownKeys([...issue.path, key], tree, settings))
            : [wrongValue(issue.path, tree, settings)],
    );
}

/** Full name of a setting, as `pulumi config` takes it. */
export function keyOf(path: readonly PropertyKey[]): string {
    return `flts:${path.map(String).join(".")}`;
}

/** A value as messages show it. */
function shown(value: unknown): string {
    return typeof value === "string" ? `"${value}"` : JSON.stringify(value);
}

/** A value that is allowed by itself and not beside others. */
export function contradiction(path: string, value: unknown, reason: string): Problem {
    const parts = path.split(".");
    const what = value === undefined ? "is not set" : `= ${shown(value)}`;
    return { path: parts, message: `${keyOf(parts)} ${what}: ${reason}` };
}

function wrongValue(
    path: readonly PropertyKey[],
    tree: SettingsTree,
    settings: readonly SettingDescription[],
): Problem {
    const name = path.map(String).join(".");
    const setting = settings.find(
        (candidate) => name === candidate.path || name.startsWith(`${candidate.path}.`),
    );
    if (setting === undefined) {
        const inside = settings.filter((candidate) => candidate.path.startsWith(`${name}.`));
        const keys = inside.map((candidate) => candidate.path.slice(name.length + 1));
        return {
            path,
            message: `${keyOf(path)} = ${shown(valueAt(tree, path))}: must be a group of settings (${keys.join(", ")})`,
        };
    }
    const settingPath = setting.path.split(".");
    const value = valueAt(tree, settingPath);
    const explanation = `${setting.allowed}. ${setting.description}.`;
    return {
        path: settingPath,
        message:
            value === undefined
                ? `${keyOf(settingPath)} is not set: it must be ${explanation}`
                : `${keyOf(settingPath)} = ${shown(value)}: must be ${explanation}`,
    };
}

/** An unknown key; for a group that an earlier version had, each of the settings that are given in it. */
function unknownKeys(
    path: readonly PropertyKey[],
    tree: SettingsTree,
    settings: readonly SettingDescription[],
): Problem[] {
    const value = valueAt(tree, path);
    const inside = isTree(value) ? Object.keys(value).map((key) => [...path, key]) : [];
    return inside.some((child) => replacementOf(child.map(String).join(".")) !== undefined)
        ? inside.map((child) => ({ ...unknownKey(child, settings), path }))
        : [unknownKey(path, settings)];
}

function unknownKey(path: readonly PropertyKey[], settings: readonly SettingDescription[]): Problem {
    const name = path.map(String).join(".");
    const replacement = replacementOf(name);
    if (replacement !== undefined) {
        return { path, message: `${keyOf(path)}: ${replacement}` };
    }
    const known = settings.flatMap(({ path: key }) => prefixes(key));
    const nearest = closest(name, known);
    const misspelt = distance(name, nearest) <= Math.max(2, name.length * TYPO_SHARE);
    const parent = path.slice(0, -1).map(String).join(".");
    const siblings = new Set(
        known
            .filter((key) => key.split(".").slice(0, -1).join(".") === parent)
            .map((key) => key.split(".").at(-1)),
    );
    return {
        path,
        message:
            `${keyOf(path)}: there is no such setting; ` +
            (misspelt ? `did you mean ${keyOf([nearest])}?` : `there are: ${[...siblings].join(", ")}`),
    };
}

/** `a.b.c` gives `a`, `a.b` and `a.b.c`. */
function prefixes(path: string): string[] {
    const parts = path.split(".");
    return parts.map((_, index) => parts.slice(0, index + 1).join("."));
}

/** All mistakes of one run. */
export class SettingsError extends Error {
    public constructor(
        public readonly problems: readonly Problem[],
        stack: string,
    ) {
        const count = problems.length === 1 ? "1 mistake" : `${problems.length} mistakes`;
        super(
            [
                `${count} in the settings of stack ${stack}; nothing was changed:`,
                ...problems.map(({ message }) => `  - ${message}`),
                `Settings are in Pulumi.${stack}.yaml; \`pulumi config set --path <key> <value>\` changes one.`,
            ].join("\n"),
        );
        this.name = "SettingsError";
    }
}
