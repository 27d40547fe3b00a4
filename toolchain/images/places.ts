import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { cacheDirectory } from "../tools/paths";
import { BlobStore, type Manifest } from "./blobs";
import type { Image } from "./catalogue";

/** Folders and names of the image builder. */
export interface Places {
    /** Manifests and content of images, lists of packages, the engine's storage. */
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

/** Reference of an image while it is not yet the one that pods name, in the engine's storage and in the cluster. */
export function builtReference(name: string, key: string): string {
    return `localhost/flts-build/${name}:${key.slice(0, shownDigits)}`;
}

/** The file that says an image is built: its manifest. It appears by a rename after all that it refers to. */
export function manifestPath(places: Places, name: string, key: string): string {
    return join(places.images, `${name}-${key.slice(0, shownDigits)}.json`);
}

/** Where the build of an image lists what is in it. */
export function packageList(places: Places, name: string): string {
    return join(places.images, `${name}.packages`);
}

export function isBuilt(places: Places, image: Image, keys: ReadonlyMap<string, string>): boolean {
    return isBuiltAs(places, image.name, keys.get(image.name) ?? "");
}

/** True if the image is there as made from what `key` is the hash of. */
export function isBuiltAs(places: Places, name: string, key: string): boolean {
    return existsSync(manifestPath(places, name, key));
}

/** The manifest of an image that is built. */
export function readManifest(places: Places, name: string, key: string): Manifest {
    return JSON.parse(readFileSync(manifestPath(places, name, key), "utf8")) as Manifest;
}

/** The manifests of all images that are built, of whatever key. */
export function allManifests(places: Places): Manifest[] {
    return readdirSync(places.images)
        .filter((name) => /-[0-9a-f]{12}\.json$/.test(name))
        .map((name) => JSON.parse(readFileSync(join(places.images, name), "utf8")) as Manifest);
}

export function blobStore(places: Places): BlobStore {
    return new BlobStore(join(places.images, "blobs"));
}
