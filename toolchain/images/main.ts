import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Journal } from "../steps/journal";
import { withLock } from "../tools/lock";
import { createConsole, fail, formatBytes, formatDuration, runMain, table } from "../console";
import { buildImages } from "./build";
import {
    chosenImages,
    fullReference,
    imagesToBuild,
    suiteOf,
    type Image,
    type ImageSource,
} from "./catalogue";
import { minioChart } from "./chart";
import { bundle, deliverBuilt, deliverBundle, readDelivery } from "./delivery/command";
import type { Engine } from "./engine";
import { requireEngine } from "./engines";
import { imageTags, projectRoot, tagOf } from "../../components/core/pod/imageTags";
import { imageKeys } from "./keys";
import { clusterIsUp, loadImages } from "./load";
import { imageSize } from "./blobs";
import { requestedImages } from "./requested";
import { imagePlaces, isBuilt, packageList, readManifest } from "./places";
import { toolPath } from "../tools/paths";
import { billOfMaterials, contentOf } from "./sbom";
import { imageSource } from "./source";

const usage = `Builds the container images of FLTS and gives them to the embedded cluster.

  make images                build what is missing or changed, then load it
  make images TO=place       build, then push to a registry or load into kind:name, minikube:name or k3d:name
  make images LOCK=yes       write images.lock.json: repository, tag and digest of every image
  make images FROM=archive   deliver what \`make bundle\` packed to TO, without a build
  make bundle                write flts-bundle.tar: all images, MinIO's chart, their lock
  make sbom                  write sbom/<image>.cdx.json: what each image holds, by CycloneDX
  ... main.ts build [NAME…]  only build all images or those named; also fetches the MinIO chart
  ... main.ts load           only load into the running embedded cluster
  ... main.ts list [--json]  every image with its reference and whether it is built
  ... main.ts clean          remove all images and the engine's storage

  STACK                      whose settings ask for images that are made only on request
  FLTS_CACHE                 where images are kept (default ~/.cache/flts)
  FLTS_IMAGES                build: make official images here; pull: let the cluster pull them;
                             default: pull where a registry can be reached`;

const output = createConsole();
const journal = new Journal();
const places = imagePlaces();
const started = performance.now();
/** The images of all stacks, and those that the settings of STACK ask for. */
const requested = requestedImages(process.env);
const chosen = chosenImages(requested);

let found: Promise<Engine> | undefined;
const engine = (): Promise<Engine> => (found ??= requireEngine(places.images));

const waiting = (holder: string): void => {
    output.line(`Another run (process ${holder}) is building or loading images: waiting for it.`);
};

async function build(
    source: ImageSource,
    only: readonly string[],
    images: readonly Image[] = chosen,
): Promise<void> {
    const count = await journal.measure("images", () =>
        withLock(places.lock, waiting, async () => {
            await minioChart();
            return await buildImages({ places, source, images, only, engine, console: output });
        }),
    );
    const done = count === 0 ? "images are up to date" : `${count} images built`;
    output.line(`${output.colors.green("✓")} ${done} (${formatDuration(performance.now() - started)})`);
}

async function load(source: ImageSource): Promise<void> {
    const before = Date.now();
    const count = await withLock(places.lock, waiting, () =>
        loadImages({ places, source, images: chosen, console: output }),
    );
    journal.loaded(count, Date.now() - before);
    const done = count === 0 ? "the cluster has all images" : `${count} images loaded`;
    output.line(`${output.colors.green("✓")} ${done} (${formatDuration(performance.now() - started)})`);
}

function list(source: ImageSource, json: boolean): void {
    const keys = imageKeys(projectRoot, source);
    const tags = imageTags();
    const rows = imagesToBuild(source, chosen).map((image) => {
        const key = keys.get(image.name) ?? "";
        return {
            name: image.name,
            role: image.role,
            reference:
                image.role === "layer"
                    ? null
                    : fullReference(image.repository, tagOf(image.name, image, tags)),
            key,
            bytes: isBuilt(places, image, keys) ? imageSize(readManifest(places, image.name, key)) : null,
            purpose: image.purpose,
        };
    });
    if (json) {
        process.stdout.write(`${JSON.stringify({ source, images: rows }, null, 2)}\n`);
        return;
    }
    const cells = rows.map(({ name, reference, bytes, purpose }) => [
        name,
        reference ?? "(only a parent)",
        bytes === null ? "-" : formatBytes(bytes),
        purpose,
    ]);
    process.stdout.write(`${table([["IMAGE", "REFERENCE", "BUILT", "WHAT FOR"], ...cells])}\n`);
}

/** `make images`: build, then deliver where TO and LOCK say, else to the embedded cluster if it runs. */
async function makeImages(source: () => Promise<ImageSource>): Promise<void> {
    const request = readDelivery(process.env);
    const { from } = request ?? {};
    const delivery = { places, console: output };
    if (request !== undefined && from !== undefined) {
        await withLock(places.lock, waiting, () => deliverBundle(delivery, { ...request, from }));
        return;
    }
    await build(await source(), []);
    if (request !== undefined) {
        await withLock(places.lock, waiting, async () => {
            await deliverBuilt(delivery, request, await source(), chosen);
        });
    } else if (clusterIsUp()) {
        await load(await source());
    }
}

/** `make sbom`: what is in each image that is made here. */
async function writeBills(source: ImageSource): Promise<void> {
    const folder = join(projectRoot, "sbom");
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    const tags = imageTags();
    const made = imagesToBuild(source, chosen).filter(({ role }) => role !== "layer");
    for (const image of made) {
        const program = image.program === undefined ? undefined : toolPath(image.program);
        const content = await contentOf(packageList(places, image.name), suiteOf(image), program);
        const reference = fullReference(image.repository, tagOf(image.name, image, tags));
        writeFileSync(join(folder, `${image.name}.cdx.json`), billOfMaterials(reference, content));
    }
    output.line(`${output.colors.green("✓")} sbom/ has the content of ${made.length} images`);
}

async function main(): Promise<void> {
    const [command, ...rest] = process.argv.slice(2);
    const source = (): Promise<ImageSource> => imageSource(places, engine);
    if (rest.length > 0 && command !== "build" && !(command === "list" && rest.join() === "--json")) {
        fail(`unknown argument ${rest.join(" ")}\n${usage}`);
    }
    switch (command) {
        case undefined:
            return makeImages(source);
        case "bundle":
            await build(await source(), []);
            return withLock(places.lock, waiting, async () => {
                await bundle(
                    { places, console: output },
                    await source(),
                    chosen,
                    join(projectRoot, "flts-bundle.tar"),
                );
            });
        case "sbom":
            await build(await source(), []);
            return withLock(places.lock, waiting, async () => {
                await writeBills(await source());
            });
        case "build":
            return build(await source(), rest, chosenImages(new Set([...requested, ...rest])));
        case "load":
            return load(await source());
        case "list":
            list(await source(), rest[0] === "--json");
            return;
        case "clean":
            rmSync(places.images, { recursive: true, force: true });
            return;
        case "--help":
            process.stdout.write(`${usage}\n`);
            return;
        default:
            fail(`unknown command ${command}\n${usage}`);
    }
}

void runMain(output, main);
