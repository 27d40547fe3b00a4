import { createHash, type Hash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";

import { toolHash } from "../tools/key";
import { images, suite, type Image, type ImageSource } from "./catalogue";

/** The project's root, which every path in images/images.json is relative to. */
export const projectRoot = resolve(__dirname, "..", "..");

/** Left by running the sources or written for people; no image holds them. */
const ignored = /^(__pycache__|\.pytest_cache|\.ruff_cache|tests|README\.md|.*\.(pyc|egg-info))$/;

/** All files of an input, as absolute paths in a fixed order; caches, tests and notes are left out. */
export function inputFiles(path: string): string[] {
    if (!statSync(path).isDirectory()) {
        return [path];
    }
    return readdirSync(path)
        .filter((name) => !ignored.test(name))
        .sort()
        .flatMap((name) => inputFiles(join(path, name)));
}

/** Everything of the project that goes into the image itself, its parent apart. */
export function sourcesOf(image: Image, root: string): string[] {
    const missing = image.inputs.filter((input) => !existsSync(join(root, input)));
    if (missing.length > 0) {
        throw new Error(
            `images/images.json: "${image.name}" has inputs that are not there: ${missing.join(", ")}`,
        );
    }
    return [image.folder, ...image.inputs].flatMap((input) => inputFiles(join(root, input)));
}

function addFile(hash: Hash, root: string, path: string): void {
    const content = readFileSync(path);
    // The mode is hashed as COPY keeps it; of its bits only "executable" survives git.
    const executable = (statSync(path).mode & 0o100) !== 0;
    hash.update(`\0${relative(root, path)}\0${executable}\0${content.length}\0`).update(content);
}

/** What an image depends on beside its parent and files of its own. */
function facts(image: Image, root: string): unknown {
    const { name, program, arguments: values } = image;
    return {
        ...(name === "debian" ? { suite } : {}),
        ...(program === undefined ? {} : { program: toolHash(join(root, "toolchain"), program) }),
        ...(values === undefined ? {} : { arguments: values }),
    };
}

/**
 * Hash of all that each image is made of: Containerfile, inputs, arguments, what prepares it, its parent's hash. With
 * `source` "pull" an official parent stands for the one made here. 64 hexadecimal digits by image name.
 */
export function imageKeys(
    root: string = projectRoot,
    source: ImageSource = "build",
    all: readonly Image[] = images,
): Map<string, string> {
    const keys = new Map<string, string>();
    for (const image of all) {
        const hash = createHash("sha256");
        if (source === "pull" && image.upstream !== undefined) {
            hash.update(image.upstream);
        } else {
            const parent = image.parent === undefined ? "scratch" : keys.get(image.parent);
            hash.update(JSON.stringify({ parent, facts: facts(image, root), platform: process.arch }));
            const preparation = join(root, "toolchain", "images", "preparation", `${image.name}.ts`);
            for (const path of [
                ...sourcesOf(image, root),
                ...(existsSync(preparation) ? [preparation] : []),
            ]) {
                addFile(hash, root, path);
            }
        }
        keys.set(image.name, hash.digest("hex"));
    }
    return keys;
}

/**
 * Tag of the images that hold our own code: the first 12 hexadecimal digits of a hash over all of them, so that it changes
 * exactly when one of them does. It does not depend on where official images come from.
 */
export function imageTag(root: string = projectRoot, all: readonly Image[] = images): string {
    const keys = imageKeys(root, "build", all);
    const hash = createHash("sha256");
    for (const image of all.filter((each) => each.tag === undefined && each.role === "service")) {
        hash.update(`${image.name}=${keys.get(image.name) ?? ""}\n`);
    }
    return hash.digest("hex").slice(0, 12);
}
