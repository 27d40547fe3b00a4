import { createHash } from "node:crypto";
import { join } from "node:path";

import { buildFacts, imageHash, projectRoot } from "../../components/core/pod/imageTags";
import { toolHash } from "../tools/key";
import { images, type Image, type ImageSource } from "./catalogue";

/** What an image depends on beside its parent and files of its own. */
function facts(image: Image, root: string): object {
    const { program } = image;
    return {
        ...(program === undefined ? {} : { program: toolHash(join(root, "toolchain"), program) }),
        ...buildFacts(image),
    };
}

/**
 * Hash of all that each image is made of on this machine: Containerfile, inputs, arguments, what prepares it, its parent's
 * hash, the machine's architecture. With `source` "pull" an official parent stands for the one made here. 64 hexadecimal
 * digits by image name.
 */
export function imageKeys(
    root: string = projectRoot,
    source: ImageSource = "build",
    all: readonly Image[] = images,
): Map<string, string> {
    const keys = new Map<string, string>();
    for (const image of all) {
        if (source === "pull" && image.upstream !== undefined) {
            keys.set(image.name, createHash("sha256").update(image.upstream).digest("hex"));
            continue;
        }
        const parent = image.parent === undefined ? "scratch" : keys.get(image.parent);
        keys.set(
            image.name,
            imageHash(image.name, image, root, {
                parent,
                facts: facts(image, root),
                platform: process.arch,
            }),
        );
    }
    return keys;
}
