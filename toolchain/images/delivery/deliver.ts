import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Images } from "../../../components/core/pod/images";
import type { ImageLock, LockedImage } from "../../../components/core/pod/lockedImages";
import { findExecutable, toolPath } from "../../tools/paths";
import { must } from "../../tools/command";
import { fail, type Progress } from "../../console";
import { fullReference } from "../catalogue";
import type { Content } from "./content";
import { loadCommand, type Loader } from "./destination";
import type { Registry } from "./registry";
import type { WantedImage } from "./wanted";

/** By image name, the digest that the registry serves. */
export type Digests = ReadonlyMap<string, string>;

/**
 * Pushes what the registry lacks, and returns what it holds then. An image whose tag follows its inputs is pushed once; one
 * with a fixed tag also when its content differs. Nothing is pushed before the registry has answered for every image.
 */
export async function push(
    prefix: string,
    wanted: readonly WantedImage[],
    content: Content,
    registry: Registry,
    progress: Progress,
): Promise<{ readonly digests: Digests; readonly pushed: number }> {
    const named = new Images({
        registry: prefix,
        tags: new Map(wanted.map(({ name, tag }) => [name, tag])),
    });
    const digests = new Map<string, string>();
    const missing: { readonly image: WantedImage; readonly reference: string }[] = [];
    for (const image of wanted) {
        const reference = `${named.mirrored(image.repository)}:${image.tag}`;
        const found = await registry.digest(reference);
        if (found === undefined || isOutdated(image, found, content)) {
            missing.push({ image, reference });
        } else {
            digests.set(image.name, found);
        }
    }
    for (const [index, { image, reference }] of missing.entries()) {
        await progress.step(`[${index + 1}/${missing.length}] Push image ${reference}`, {}, async () => {
            digests.set(image.name, await registry.copy(content.locate(image), reference));
        });
    }
    return { digests, pushed: missing.length };
}

/** A tag of twelve hexadecimal digits stands for inputs, so that content under it need not be compared. */
function isOutdated(image: WantedImage, found: string, content: Content): boolean {
    const held = /^[0-9a-f]{12}$/.test(image.tag) ? undefined : content.heldDigest(image);
    return held !== undefined && held !== found;
}

/** Loads every image into the nodes of a local cluster, under the name that pods use. */
export async function load(
    loader: Loader,
    cluster: string,
    wanted: readonly WantedImage[],
    content: Content,
    directory: string,
    progress: Progress,
    log: string,
): Promise<void> {
    if (findExecutable(loader) === undefined) {
        fail(
            `TO=${loader}:${cluster}: there is no ${loader} on PATH: install it, or push to a registry with TO=<registry>.`,
        );
    }
    for (const [index, image] of wanted.entries()) {
        const reference = fullReference(image.repository, image.tag);
        await progress.step(`[${index + 1}/${wanted.length}] Load image ${reference}`, {}, async () => {
            const draft = mkdtempSync(join(directory, "archive-"));
            try {
                const archive = join(draft, `${image.name}.tar`);
                await must(
                    toolPath("skopeo"),
                    [
                        ...["--insecure-policy", "copy", "--quiet"],
                        content.locate(image),
                        `docker-archive:${archive}:${reference}`,
                    ],
                    { log },
                );
                const [program = loader, ...parameters] = loadCommand(loader, cluster, archive);
                await must(program, parameters, { log });
            } finally {
                rmSync(draft, { recursive: true, force: true });
            }
        });
    }
}

/** The lock of these images. */
export function lockOf(wanted: readonly WantedImage[], digests: Digests): ImageLock {
    const entries = wanted.flatMap(({ name, repository, tag }): [string, LockedImage][] => {
        const digest = digests.get(name);
        return digest === undefined ? [] : [[name, { repository, tag, digest }]];
    });
    return { version: 1, images: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** Writes a lock file; it appears by a rename. */
export function writeLock(path: string, lock: ImageLock): void {
    writeFileSync(`${path}.new`, `${JSON.stringify(lock, null, 2)}\n`);
    renameSync(`${path}.new`, path);
}
