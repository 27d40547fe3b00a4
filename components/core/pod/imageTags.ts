import { createHash, type Hash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";

import catalogue from "../../../images/images.json";

/** What decides the content of an image, of its entry in `images/images.json`; `images/README.md` explains the fields. */
export interface ImageSources {
    readonly tag?: string;
    readonly upstream?: string;
    readonly suite?: string;
    readonly parent?: string;
    readonly folder: string;
    readonly inputs: readonly string[];
    readonly arguments?: Readonly<Record<string, string>>;
}

/** The project's root, which every path in `images/images.json` is relative to. */
export const projectRoot = resolve(__dirname, "..", "..", "..");

/** Hexadecimal digits of a tag; as many as Pulumi and git show people. */
const TAG_DIGITS = 12;

/** Left by editors, by running the sources, or written for people; no image holds them. */
const IGNORED = /^(\..*|__pycache__|tests|README\.md|.*\.(pyc|egg-info))$/;

/** All files of an input, as absolute paths in a fixed order; caches, tests and notes are left out. */
export function inputFiles(path: string): string[] {
    if (!statSync(path).isDirectory()) {
        return [path];
    }
    return readdirSync(path)
        .filter((name) => !IGNORED.test(name))
        .sort()
        .flatMap((name) => inputFiles(join(path, name)));
}

/** Everything of the project that goes into the image itself, its parent apart. Throws for an input that is not there. */
export function sourcesOf(name: string, image: ImageSources, root: string): string[] {
    const missing = image.inputs.filter((input) => !existsSync(join(root, input)));
    if (missing.length > 0) {
        throw new Error(`images/images.json: "${name}" has inputs that are not there: ${missing.join(", ")}`);
    }
    return [image.folder, ...image.inputs].flatMap((input) => inputFiles(join(root, input)));
}

/** Facts of the catalogue that go into an image beside its files. */
export function buildFacts({ suite, arguments: values }: ImageSources): object {
    return {
        ...(suite === undefined ? {} : { suite }),
        ...(values === undefined ? {} : { arguments: values }),
    };
}

/** Hash of `facts`, an image's files, and the module that prepares its folder on the host: 64 hexadecimal digits. */
export function imageHash(name: string, image: ImageSources, root: string, facts: object): string {
    const hash = createHash("sha256").update(JSON.stringify(facts));
    const preparation = join(root, "toolchain", "images", "preparation", `${basename(image.folder)}.ts`);
    for (const path of [...sourcesOf(name, image, root), ...(existsSync(preparation) ? [preparation] : [])]) {
        addFile(hash, root, path);
    }
    return hash.digest("hex");
}

function addFile(hash: Hash, root: string, path: string): void {
    const content = readFileSync(path);
    // The mode is hashed as COPY keeps it; of its bits only "executable" survives git.
    const executable = (statSync(path).mode & 0o100) !== 0;
    hash.update(`\0${relative(root, path)}\0${executable}\0${content.length}\0`).update(content);
}

/**
 * Tags of the images that `images/images.json` gives none: the first 12 hexadecimal digits of a hash over an image's inputs
 * and those of its parents. A tag changes exactly when an input does. It depends neither on the machine nor on where official
 * images come from, so that the program names what the image build made, without a setting.
 */
export function imageTags(
    root: string = projectRoot,
    all: Readonly<Record<string, ImageSources>> = catalogue.images,
): ReadonlyMap<string, string> {
    const hashes = new Map<string, string>();
    const hashOf = (name: string): string => {
        const image = all[name];
        if (image === undefined) {
            throw new Error(`images/images.json: there is no image "${name}"`);
        }
        const { parent, upstream } = image;
        const hash =
            hashes.get(name) ??
            imageHash(name, image, root, {
                parent: parent === undefined ? null : hashOf(parent),
                upstream: upstream ?? null,
                ...buildFacts(image),
            });
        hashes.set(name, hash);
        return hash;
    };
    return new Map(
        Object.entries(all)
            .filter(([, { tag }]) => tag === undefined)
            .map(([name]) => [name, hashOf(name).slice(0, TAG_DIGITS)]),
    );
}

/** Tag of an image: its own, or the one that follows its inputs. */
export function tagOf(
    name: string,
    { tag }: { readonly tag?: string },
    tags: ReadonlyMap<string, string>,
): string {
    const found = tag ?? tags.get(name);
    if (found === undefined) {
        throw new Error(`images/images.json: there is no tag for the image "${name}"`);
    }
    return found;
}
