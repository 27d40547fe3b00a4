import { existsSync } from "node:fs";
import { join } from "node:path";

import { cacheDirectory } from "../build/paths";
import type { Image } from "./catalogue";

/** Folders and names of the image builder. */
export interface Places {
    /** Archives, lists of packages, the engine's storage. */
    readonly images: string;
    /** Downloads that a rebuild uses again. */
    readonly downloads: string;
    readonly logs: string;
    readonly charts: string;
    readonly lock: string;
}

/** Where everything is kept: below FLTS_CACHE, default ~/.cache/flts. */
export function imagePlaces(cache: string = cacheDirectory()): Places {
    return {
        images: join(cache, "images"),
        downloads: join(cache, "downloads"),
        logs: join(cache, "logs"),
        charts: join(cache, "charts"),
        lock: join(cache, "images.lock"),
    };
}

/** Digits of an image's key that name it; the same number that Pulumi and git show people. */
const shownDigits = 12;

/** Reference of an image while it is not yet the one that pods name, in the engine's storage and in the archive. */
export function builtReference(name: string, key: string): string {
    return `localhost/flts-build/${name}:${key.slice(0, shownDigits)}`;
}

export function archivePath(places: Places, name: string, key: string): string {
    return join(places.images, `${name}-${key.slice(0, shownDigits)}.tar`);
}

/** Archives appear by a rename, so one that is there is whole. */
export function isBuilt(places: Places, image: Image, keys: ReadonlyMap<string, string>): boolean {
    return existsSync(archivePath(places, image.name, keys.get(image.name) ?? ""));
}
