import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../../components/core/pod/imageTags";
import { createConsole } from "../../toolchain/console";
import { buildImages } from "../../toolchain/images/build";
import { chosenImages, images, type Image, type ImageName } from "../../toolchain/images/catalogue";
import type { Engine } from "../../toolchain/images/engine";
import { requireEngine } from "../../toolchain/images/engines";
import { imageKeys } from "../../toolchain/images/keys";
import { blobStore, imagePlaces, readManifest, type Places } from "../../toolchain/images/places";
import { imageSource } from "../../toolchain/images/source";
import { withLock } from "../../toolchain/tools/lock";
import { succeed } from "./commands";

const unpacked = new Map<ImageName, Promise<string>>();

/**
 * Folder with the files of an image of a server, as pods have them, so that a test runs the version that pods run. The image is
 * built or pulled where it is not there yet. The folder is removed when this process ends.
 */
export function imageFileSystem(name: ImageName): Promise<string> {
    const files = unpacked.get(name) ?? unpack(name);
    unpacked.set(name, files);
    return files;
}

async function unpack(name: ImageName): Promise<string> {
    const directory = mkdtempSync(join(tmpdir(), "flts-image-"));
    process.on("exit", () => {
        rmSync(directory, { recursive: true, force: true });
    });
    const image = images.find((each) => each.name === name);
    if (image === undefined) {
        throw new Error(`images/images.json has no image "${name}"`);
    }
    const places = imagePlaces();
    let found: Promise<Engine> | undefined;
    const engine = (): Promise<Engine> => (found ??= requireEngine(places.images));
    const source = await imageSource(places, engine);
    const layers =
        source === "pull" && image.upstream !== undefined
            ? await pulledLayers(await engine(), image.upstream, join(directory, "archive"))
            : await builtLayers(image, places, engine);
    const root = join(directory, "root");
    mkdirSync(root);
    for (const layer of layers) {
        // Marks of deleted files (image-spec, layer.md) are no files, and devices take root.
        const parameters = ["--extract", "--no-same-owner", "--exclude=.wh.*", "--exclude=dev/*"];
        await succeed("tar", [...parameters, "--file", layer, "--directory", root]);
    }
    return root;
}

async function builtLayers(image: Image, places: Places, engine: () => Promise<Engine>): Promise<string[]> {
    const options = { places, source: "build", images: chosenImages(new Set()), engine } as const;
    const key = await withLock(
        places.lock,
        () => undefined,
        async () => {
            await buildImages({ ...options, only: [image.name], console: createConsole() });
            return imageKeys(projectRoot, "build").get(image.name) ?? "";
        },
    );
    const blobs = blobStore(places);
    return readManifest(places, image.name, key).layers.map((layer) => blobs.path(layer));
}

async function pulledLayers(engine: Engine, reference: string, directory: string): Promise<string[]> {
    if (!(await engine.canPull(reference))) {
        throw new Error(`${reference} cannot be pulled`);
    }
    mkdirSync(directory);
    await engine.unpack(reference, directory, [], join(directory, "unpack.log"));
    const [archive] = JSON.parse(readFileSync(join(directory, "manifest.json"), "utf8")) as [
        { readonly Layers: readonly string[] },
    ];
    return archive.Layers.map((layer) => join(directory, layer));
}
