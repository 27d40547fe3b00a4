import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { projectRoot } from "../../../components/core/pod/imageTags";
import { minioChart } from "../../../toolchain/images/chart";
import { chosenImages, imagesToBuild } from "../../../toolchain/images/catalogue";
import { imageKeys } from "../../../toolchain/images/keys";
import { imagePlaces, manifestPath } from "../../../toolchain/images/places";

/**
 * Fills the cache folder `cache` with an image for each that is built from the present sources: what each holds is a few bytes
 * and not its program, so that gigabytes need not be built or copied. Returns the names.
 */
export async function fillStore(cache: string): Promise<string[]> {
    const places = imagePlaces(cache);
    const blobs = join(places.images, "blobs");
    mkdirSync(blobs, { recursive: true });
    mkdirSync(places.charts, { recursive: true });
    writeFileSync(join(places.images, "source"), "build\n");
    const chart = await minioChart();
    copyFileSync(chart, join(places.charts, basename(chart)));
    const keys = imageKeys(projectRoot, "build");
    const images = imagesToBuild("build", chosenImages(new Set())).filter(({ role }) => role !== "layer");
    for (const { name } of images) {
        writeFileSync(
            manifestPath(places, name, keys.get(name) ?? ""),
            JSON.stringify(smallImage(blobs, name)),
        );
    }
    return images.map(({ name }) => name);
}

/** Writes an image of one empty layer to the store; its manifest. */
function smallImage(blobs: string, name: string): object {
    const write = (content: Buffer, mediaType: string): object => {
        const digest = createHash("sha256").update(content).digest("hex");
        if (!existsSync(join(blobs, digest))) {
            writeFileSync(join(blobs, digest), content);
        }
        return { mediaType, digest: `sha256:${digest}`, size: content.length };
    };
    // The end of a tar archive (pax(1)): two empty blocks.
    const layer = Buffer.alloc(1024);
    const configuration = {
        architecture: process.arch === "x64" ? "amd64" : process.arch,
        os: "linux",
        config: { Labels: { name } },
        rootfs: { type: "layers", diff_ids: [`sha256:${createHash("sha256").update(layer).digest("hex")}`] },
    };
    return {
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        config: write(Buffer.from(JSON.stringify(configuration)), "application/vnd.oci.image.config.v1+json"),
        layers: [write(layer, "application/vnd.oci.image.layer.v1.tar")],
    };
}
