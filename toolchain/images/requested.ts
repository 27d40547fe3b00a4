import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

import { projectRoot } from "../../components/core/pod/imageTags";
import { treeFromConfiguration, valueAt } from "../../stacks/settings/tree";
import { images, type Image } from "./catalogue";

/**
 * Names of the images that the settings of the stack STACK ask for (`onRequest` in images/images.json). Where its file is not
 * there, or STACK is not set, none is.
 */
export function requestedImages(
    { STACK }: NodeJS.ProcessEnv,
    root: string = projectRoot,
    all: readonly Image[] = images,
): ReadonlySet<string> {
    const path = join(root, `Pulumi.${STACK?.trim() ?? ""}.yaml`);
    if (!existsSync(path)) {
        return new Set();
    }
    const { config = {} } = (parse(readFileSync(path, "utf8")) ?? {}) as { config?: Record<string, unknown> };
    const texts = Object.entries(config).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
    ]);
    const settings = treeFromConfiguration(Object.fromEntries(texts) as Record<string, string>, "flts");
    return new Set(
        all
            .filter(({ onRequest }) => {
                const [setting = "", wanted] = onRequest?.split("=") ?? [];
                const value = valueAt(settings, setting.split("."));
                // `pulumi config set` keeps nested numbers as such.
                return wanted === undefined ? Number(value) > 0 : String(value) === wanted;
            })
            .map(({ name }) => name),
    );
}
