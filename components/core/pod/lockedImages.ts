import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

import catalogue from "../../../images/images.json";
import { imageTags, projectRoot, tagOf } from "./imageTags";

/** Content of an image: the digest of its manifest, as registries compute it. */
const lockedImage = z.strictObject({
    /** Without a registry, as in images/images.json. */
    repository: z.string().min(1),
    tag: z.string().min(1),
    digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
});

export type LockedImage = z.infer<typeof lockedImage>;

/** `images.lock.json`: by image name, what `make images LOCK=yes` found. */
const lockFile = z.strictObject({ version: z.literal(1), images: z.record(z.string(), lockedImage) });

export type ImageLock = z.infer<typeof lockFile>;

/** Where the lock of this checkout is, if it has one. */
export const lockPath = join(projectRoot, "images.lock.json");

/**
 * Digests by image name out of `images.lock.json`; none where there is no such file. Throws when the file cannot be read as
 * one, or was made from other sources: the digest of another tag would run old code under a new name.
 */
export function lockedDigests(
    path: string = lockPath,
    tags: ReadonlyMap<string, string> = imageTags(),
): ReadonlyMap<string, string> {
    if (!existsSync(path)) {
        return new Map();
    }
    const { images } = readLock(path);
    const known: Readonly<Record<string, { readonly repository: string; readonly tag?: string }>> = {
        ...catalogue.images,
        ...catalogue.pulled,
    };
    const stale = Object.entries(images).flatMap(([name, { tag }]) => {
        const entry = known[name];
        const wanted = entry === undefined ? undefined : tagOf(name, entry, tags);
        return wanted === tag
            ? []
            : [`${name} is locked with tag ${tag}, not ${wanted ?? "in the catalogue"}`];
    });
    if (stale.length > 0) {
        throw new Error(
            `${path} was made from other sources: ${stale.join("; ")}. Run \`make images LOCK=yes\` with the same TO, or ` +
                "delete the file to deploy by tags.",
        );
    }
    return new Map(Object.entries(images).map(([name, { digest }]) => [name, digest]));
}

/** Reads a lock file. Throws with the place of what is wrong. */
export function readLock(path: string): ImageLock {
    try {
        return lockFile.parse(JSON.parse(readFileSync(path, "utf8")));
    } catch (error) {
        const reason =
            error instanceof z.ZodError
                ? error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")
                : String(error);
        throw new Error(
            `${path} is not a lock of images (${reason}): make it with \`make images LOCK=yes\`.`,
            {
                cause: error,
            },
        );
    }
}
