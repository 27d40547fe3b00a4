import { join } from "node:path";

import { fail } from "../../console";
import { blobStore, isBuiltAs, readManifest, type Places } from "../places";
import { manifestDigest } from "../blobs";
import type { Registry } from "./registry";
import type { WantedImage } from "./wanted";

/** Where the content of images comes from. */
export interface Content {
    /** The image in skopeo's notation (containers-transports(5)). */
    locate(image: WantedImage): string;
    /** Digest of the image's manifest where this machine holds the image; undefined for one in its official registry. */
    heldDigest(image: WantedImage): string | undefined;
    /** Digest of the image, wherever it is. */
    digest(image: WantedImage): Promise<string>;
}

/** Images of our own store, and official ones in their own registries. */
export class BuiltContent implements Content {
    public constructor(
        private readonly places: Places,
        private readonly official: Registry,
    ) {}

    public locate({ name, key, official }: WantedImage): string {
        if (key === undefined) {
            return `docker://${official}`;
        }
        const layout = join(this.places.images, "layout");
        blobStore(this.places).layOut(readManifest(this.places, name, key), name, new Set(), layout);
        return `oci:${layout}`;
    }

    public heldDigest({ name, key }: WantedImage): string | undefined {
        return key === undefined ? undefined : manifestDigest(readManifest(this.places, name, key));
    }

    public async digest(image: WantedImage): Promise<string> {
        return (
            this.heldDigest(image) ??
            (await this.official.digest(image.official)) ??
            fail(`${image.official} is not in its registry: check its tag in images/images.json.`)
        );
    }
}

/** Fails when one of `wanted` is not built from the present sources. */
export function requireBuilt(places: Places, wanted: readonly WantedImage[]): void {
    const missing = wanted.filter(({ name, key }) => key !== undefined && !isBuiltAs(places, name, key));
    if (missing.length > 0) {
        fail(
            `Images ${missing.map(({ name }) => name).join(", ")} are not built from the present sources: run \`make images\`.`,
        );
    }
}
