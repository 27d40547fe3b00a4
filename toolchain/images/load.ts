import { existsSync } from "node:fs";
import { join } from "node:path";

import { must, run } from "../build/command";
import { toolPath } from "../build/paths";
import { clusterLayout } from "../cluster/layout";
import { fail, Progress, type Console } from "../console";
import { fullReference, imagesToBuild, type Image, type ImageSource } from "./catalogue";
import { imageKeys, imageTag, projectRoot } from "./keys";
import { archivePath, builtReference, isBuilt, type Places } from "./places";

/** Digest by reference, from the table that `ctr images list` prints. */
export function parseImageList(text: string): Map<string, string> {
    return new Map(
        text
            .split("\n")
            .slice(1)
            .map((line) => line.split(/\s+/))
            .filter((columns) => columns.length > 2)
            .map(([reference = "", , digest = ""]) => [reference, digest]),
    );
}

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
    tag: string,
    present: ReadonlyMap<string, string>,
): LoadStep[] {
    return all
        .filter(({ role }) => role !== "layer")
        .map((image) => {
            const built = builtReference(image.name, keys.get(image.name) ?? "");
            const wanted = fullReference(image.repository, image.tag ?? tag);
            return { image, built, wanted, importing: !present.has(built) };
        })
        .filter(({ built, wanted, importing }) => importing || present.get(wanted) !== present.get(built));
}

export interface LoadOptions {
    readonly places: Places;
    readonly source: ImageSource;
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
export async function loadImages({ places, source, console }: LoadOptions): Promise<number> {
    const socket = clusterLayout().containerdSocket;
    const ctr = toolPath("ctr");
    // The namespace in which the kubelet's runtime interface looks.
    const call = (...args: string[]): string[] => ["--address", socket, "--namespace", "k8s.io", ...args];
    const list = await run(ctr, call("images", "list"));
    if (list.code !== 0) {
        fail(
            "The embedded cluster is not running, so there is nothing to load images into: run `make cluster-up`.",
        );
    }
    const keys = imageKeys(projectRoot, source);
    const steps = planLoad(imagesToBuild(source), keys, imageTag(), parseImageList(list.stdout));
    const unbuilt = steps.filter(({ image }) => !isBuilt(places, image, keys));
    if (unbuilt.length > 0) {
        fail(
            `Images ${unbuilt.map(({ image }) => image.name).join(", ")} are not built from the present sources: ` +
                "run `make images`.",
        );
    }
    const progress = new Progress(console);
    const log = join(places.logs, "images-load.log");
    for (const [index, { image, built, wanted, importing }] of steps.entries()) {
        await progress.step(`[${index + 1}/${steps.length}] Load image ${image.name}`, {}, async () => {
            if (importing) {
                const archive = archivePath(places, image.name, keys.get(image.name) ?? "");
                await must(ctr, call("images", "import", archive), { log });
            }
            await must(ctr, call("images", "tag", "--force", built, wanted), { log });
        });
    }
    return steps.length;
}
