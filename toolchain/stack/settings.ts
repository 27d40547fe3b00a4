import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { fail } from "../console";

/** A settings tree as YAML holds it. */
export type SettingsTree = Record<string, unknown>;

/** What a stack file holds: settings, and the salt its secrets are encrypted with. */
export interface StackFile {
    config: SettingsTree;
    encryptionsalt?: string;
}

function isTree(value: unknown): value is SettingsTree {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `overrides` laid over `base`, object by object; any other value, lists too, replaces what was there. */
export function mergeSettings(base: SettingsTree, overrides: SettingsTree): SettingsTree {
    const merged: SettingsTree = { ...base };
    for (const [key, value] of Object.entries(overrides)) {
        const present = merged[key];
        merged[key] = isTree(present) && isTree(value) ? mergeSettings(present, value) : value;
    }
    return merged;
}

/** The committed settings of `stack`, from `Pulumi.<stack>.yaml` in `projectDirectory`. */
export function readStackFile(projectDirectory: string, stack: string): StackFile {
    const path = join(projectDirectory, `Pulumi.${stack}.yaml`);
    if (!existsSync(path)) {
        const known = readdirSync(projectDirectory)
            .map((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1])
            .filter((name) => name !== undefined);
        fail(`STACK=${stack}: there is no Pulumi.${stack}.yaml; the stacks are ${known.join(", ")}.`);
    }
    const content = parse(readFileSync(path, "utf8")) as { config?: SettingsTree } | null;
    return { config: content?.config ?? {} };
}
