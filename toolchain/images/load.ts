import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";

import { must } from "../tools/command";
import { toolPath } from "../tools/paths";
import { listImages } from "../cluster/ownImages";
import { clusterLayout } from "../cluster/layout";
import { fail, Progress, type Console } from "../console";
import { fullReference, imagesToBuild, type Image, type ImageSource } from "./catalogue";
import { imageTags, projectRoot, tagOf } from "../../components/core/pod/imageTags";
import { imageKeys } from "./keys";
import { pipe } from "./pipe";
import { blobStore, builtReference, isBuilt, readManifest, type Places } from "./places";

/** What it takes to give the cluster one image. */
export interface LoadStep {
    readonly image: Image;
    /** The content, under the name that only this key has. */
    readonly built: string;
    /** The name that pods use. */
    readonly wanted: string;
    /** False if the content is there and only the name is missing or stands for other content. */
    readonly importing: boolean;
}

/** The images whose content or name the cluster lacks. */
export function planLoad(
    all: readonly Image[],
    keys: ReadonlyMap<string, string>,
    tags: ReadonlyMap<string, string>,
    present: ReadonlyMap<string, string>,
): LoadStep[] {
    return all
        .filter(({ role }) => role !== "layer")
        .map((image) => {
            const built = builtReference(image.name, keys.get(image.name) ?? "");
            const wanted = fullReference(image.repository, tagOf(image.name, image, tags));
            return { image, built, wanted, importing: !present.has(built) };
        })
        .filter(({ built, wanted, importing }) => importing || present.get(wanted) !== present.get(built));
}

export interface LoadOptions {
    readonly places: Places;
    readonly source: ImageSource;
    readonly images: readonly Image[];
    readonly console: Console;
}

/** True if the embedded cluster's container runtime is there to take images. */
export function clusterIsUp(): boolean {
    return existsSync(clusterLayout().containerdSocket);
}

/**
 * Gives the embedded cluster's containerd every image it lacks, under the names pods use, and returns how many that were.
 * Fails when the cluster is down or an image is not built.
 */
export async function loadImages({ places, source, images, console }: LoadOptions): Promise<number> {
    if (!clusterIsUp()) {
        fail(
            "The embedded cluster is not running, so there is nothing to load images into: run `make cluster-up`.",
        );
    }
    const keys = imageKeys(projectRoot, source);
    const present = new Map((await listImages()).map(({ reference, digest }) => [reference, digest]));
    const steps = planLoad(imagesToBuild(source, images), keys, imageTags(), present);
    const unbuilt = steps.filter(({ image }) => !isBuilt(places, image, keys));
    if (unbuilt.length > 0) {
        fail(
            `Images ${unbuilt.map(({ image }) => image.name).join(", ")} are not built from the present sources: ` +
                "run `make images`.",
        );
    }
    const progress = new Progress(console);
    const log = join(places.logs, "images-load.log");
    const control = [
        toolPath("ctr"),
        ...["--address", clusterLayout().containerdSocket, "--namespace", "k8s.io"],
    ] as const;
    const blobs = blobStore(places);
    const layout = join(places.images, "layout");
    for (const [index, { image, built, wanted, importing }] of steps.entries()) {
        await progress.step(`[${index + 1}/${steps.length}] Load image ${image.name}`, {}, async () => {
            const [ctr, ...namespace] = control;
            if (importing) {
                const held = await must(ctr, [...namespace, "content", "list", "--quiet"], { log });
                const manifest = readManifest(places, image.name, keys.get(image.name) ?? "");
                blobs.layOut(manifest, built, new Set(held.split("\n")), layout);
                await pipe(
                    ["tar", "--create", "--directory", layout, "."],
                    [...control, "images", "import", "-"],
                    { log },
                );
                rmSync(layout, { recursive: true, force: true });
            }
            await must(ctr, [...namespace, "images", "tag", "--force", built, wanted], { log });
        });
    }
    return steps.length;
}
