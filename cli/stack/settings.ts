import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { SettingsTree } from "../../stacks/settings/tree";
import { fail } from "../../toolchain/console/index";

export { mergeTrees as mergeSettings, type SettingsTree } from "../../stacks/settings/tree";

/** What a stack file holds: settings, and the salt its secrets are encrypted with. */
export interface StackFile {
    config: SettingsTree;
    encryptionsalt?: string;
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
