import { copyFileSync, cpSync, mkdirSync, rmSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

import { toolPath } from "../tools/paths";
import { suiteOf, type Image } from "./catalogue";
import { writeHostFiles } from "./host";
import { sourcesOf } from "../../components/core/pod/imageTags";
import { preparations } from "./preparation";

export interface StageOptions {
    readonly root: string;
    /** Becomes the build context; emptied first. */
    readonly directory: string;
    /** Kept between runs, for downloads. */
    readonly cache: string;
    readonly log: string;
}

/**
 * Lays out the build context: exactly the files that the image's hash covers, under their paths in the project, the
 * toolchain's program and what else is prepared on the host, and in `host` how to reach the package archives. Nothing that is not hashed can reach an image.
 */
export async function stageContext(image: Image, options: StageOptions): Promise<void> {
    const { root, directory } = options;
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    for (const source of sourcesOf(image.name, image, root)) {
        const target = join(directory, relative(root, source));
        mkdirSync(dirname(target), { recursive: true });
        cpSync(source, target, { preserveTimestamps: true });
    }
    await writeHostFiles(join(directory, "host"), suiteOf(image));
    if (image.program !== undefined) {
        copyFileSync(toolPath(image.program), join(directory, image.program));
    }
    await preparations[basename(image.folder)]?.({ ...options, suite: suiteOf(image) });
}
