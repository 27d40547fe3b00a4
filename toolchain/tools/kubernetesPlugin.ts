import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { must } from "./command";
import { goEnvironment } from "./goCaches";
import { goBuild, pulumi } from "./pins";

/**
 * Puts the schema and the Terraform mapping of the pinned Kubernetes plugin beside our main, which embeds them. The
 * module's own main embeds files that its release makes with cmd/pulumi-resource-kubernetes/generate.go and that are not
 * in the module; like that program, this sets the schema's version. 8 MB of someone else's data: not kept in git.
 */
export async function prepareKubernetesPlugin(directory: string, log: string): Promise<void> {
    const { module, directory: own, schema, mapping } = goBuild.kubernetesPlugin;
    const answer = await must("go", ["mod", "download", "-json", module], {
        cwd: directory,
        environment: goEnvironment(),
        log,
    });
    const source = join((JSON.parse(answer) as { Dir: string }).Dir, own);
    const target = join(directory, own);
    const specification = JSON.parse(readFileSync(join(source, schema), "utf8")) as Record<string, unknown>;
    specification.version = pulumi.plugins.kubernetes;
    write(join(target, schema), JSON.stringify(specification));
    if (!sameContent(join(source, mapping), join(target, mapping))) {
        copyFileSync(join(source, mapping), join(target, `${mapping}.new`));
        renameSync(join(target, `${mapping}.new`), join(target, mapping));
    }
}

/** Leaves an equal file alone, so that an interrupted copy is the only reason to write. */
function write(path: string, content: string): void {
    if (!existsSync(path) || readFileSync(path, "utf8") !== content) {
        writeFileSync(`${path}.new`, content);
        renameSync(`${path}.new`, path);
    }
}

function sameContent(left: string, right: string): boolean {
    return existsSync(right) && readFileSync(left).equals(readFileSync(right));
}
