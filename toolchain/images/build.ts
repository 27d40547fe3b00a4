import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { fail, formatDuration, Progress, type Console, type Report } from "../console";
import { images, imagesToBuild, type Image, type ImageSource } from "./catalogue";
import type { Engine } from "./engine";
import { estimate, imageDurations } from "./estimates";
import { projectRoot } from "../../components/core/pod/imageTags";
import { imageKeys } from "./keys";
import {
    allManifests,
    blobStore,
    builtReference,
    isBuilt,
    manifestPath,
    packageList,
    type Places,
} from "./places";
import { stageContext } from "./stage";

/** Prints what an image holds: Debian packages, Python packages, jars. */
const inventory = [
    "dpkg-query --show",
    "if [ -x /opt/venv/bin/python ]; then /opt/venv/bin/python -c '" +
        "import importlib.metadata as m; " +
        'print("\\n".join(sorted(f"{d.name}=={d.version}" for d in m.distributions())))' +
        "'; fi",
    "if [ -d /opt/kafka/libs ]; then ls /opt/kafka/libs; fi",
].join("; ");

/**
 * The images to build now, parents first: those that are not whole, and the parents among them that the engine does
 * not hold any more.
 */
export async function findStale(
    all: readonly Image[],
    built: (image: Image) => boolean,
    held: (image: Image) => Promise<boolean>,
): Promise<Image[]> {
    const byName = new Map(all.map((image) => [image.name, image]));
    const stale = new Set<Image>();
    const visit = async (image: Image): Promise<void> => {
        stale.add(image);
        const parent = byName.get(image.parent ?? "");
        if (parent !== undefined && !stale.has(parent) && !(await held(parent))) {
            await visit(parent);
        }
    };
    for (const image of all.filter(({ role }) => role !== "layer")) {
        if (!built(image)) {
            await visit(image);
        }
    }
    return all.filter((image) => stale.has(image));
}

export interface BuildOptions {
    readonly places: Places;
    readonly source: ImageSource;
    readonly images: readonly Image[];
    /** Only these images, and the parents they need; all if empty. */
    readonly only: readonly string[];
    readonly engine: () => Promise<Engine>;
    readonly console: Console;
    /** Shows the steps; of its own by default. */
    readonly progress?: Progress;
    /** When it is aborted, no further image is begun. */
    readonly signal?: AbortSignal;
}

/** Builds what is missing or changed and returns how many images that were. Each one stands as soon as it is whole. */
export async function buildImages(options: BuildOptions): Promise<number> {
    const { places, source, console } = options;
    requireKnown(options.only, imagesToBuild(source, options.images));
    const durations = imageDurations(places);
    const progress = options.progress ?? new Progress(console);

    // Sources may be edited during the minutes that this takes: what is next is found again after each image.
    for (let count = 0; ; count++) {
        const keys = imageKeys(projectRoot, source);
        const stale = await findWork(options, keys);
        const [image] = stale;
        if (image === undefined || options.signal?.aborted === true) {
            return count;
        }
        const engine = await options.engine();
        if (count === 0) {
            const total = stale.reduce((sum, each) => sum + estimate(each, durations), 0);
            console.line(
                `${stale.length} images to build with ${engine.name}: about ${formatDuration(total)}.`,
            );
            mkdirSync(join(places.images, "temporary"), { recursive: true });
            await engine.recover(join(places.logs, "images-recover.log"));
        }
        const title = `[${count + 1}/${count + stale.length}] Build image ${image.name}`;
        try {
            await progress.step(title, { estimate: estimate(image, durations) }, (report) =>
                durations.measure(image.name, () =>
                    buildImage(image, { places, source, engine, keys, report }),
                ),
            );
        } catch (error) {
            // A failed build leaves its half-made container mounted.
            await engine.recover(join(places.logs, "images-recover.log"));
            throw error;
        }
    }
}

function requireKnown(only: readonly string[], all: readonly Image[]): void {
    const known = all.filter(({ role }) => role !== "layer").map(({ name }) => name);
    const unknown = only.filter((name) => !known.includes(name));
    if (unknown.length > 0) {
        fail(`No image ${unknown.join(", ")} is built here: use one of ${known.join(", ")}.`);
    }
}

/** As `findStale`, for what is asked; the engine is only looked for when there is something to build. */
async function findWork(
    { places, source, images, only, engine }: BuildOptions,
    keys: ReadonlyMap<string, string>,
): Promise<Image[]> {
    return await findStale(
        imagesToBuild(source, images),
        (image) => (only.length > 0 && !only.includes(image.name)) || isBuilt(places, image, keys),
        async (image) => (await engine()).has(builtReference(image.name, keys.get(image.name) ?? "")),
    );
}

interface Work {
    readonly places: Places;
    readonly source: ImageSource;
    readonly engine: Engine;
    readonly keys: ReadonlyMap<string, string>;
    readonly report: Report;
}

async function buildImage(image: Image, { places, source, engine, keys, report }: Work): Promise<void> {
    const key = keys.get(image.name) ?? "";
    const reference = builtReference(image.name, key);
    const log = join(places.logs, `image-${image.name}.log`);
    rmSync(log, { force: true });
    // An interrupted run may have ended between building and taking over.
    if (!(await engine.has(reference))) {
        const context = join(places.images, "context");
        report(undefined, "preparing");
        await stageContext(image, { root: projectRoot, directory: context, cache: places.downloads, log });
        if (imageKeys(projectRoot, source).get(image.name) !== key) {
            // Edited while it was laid out: an image must hold what its key says.
            return;
        }
        await engine.build({
            containerfile: join(context, image.folder, "Containerfile"),
            context,
            reference,
            arguments: { ...image.arguments, ...parentArgument(image, source, keys) },
            log,
            onLine: (line) => {
                const step = /STEP (\d+)\/(\d+)/.exec(line);
                if (step !== null) {
                    report(undefined, `step ${step[1] ?? ""} of ${step[2] ?? ""}`);
                }
            },
        });
        rmSync(context, { recursive: true, force: true });
    }
    report(undefined, "listing packages");
    writeFileSync(packageList(places, image.name), await engine.shell(reference, inventory, log));
    if (image.role !== "layer") {
        report(undefined, "taking over layers");
        const blobs = blobStore(places);
        const unpacked = join(places.images, "unpacked");
        rmSync(unpacked, { recursive: true, force: true });
        mkdirSync(unpacked);
        await engine.unpack(reference, unpacked, blobs.names(), log);
        const manifest = manifestPath(places, image.name, key);
        writeFileSync(`${manifest}.new`, JSON.stringify(blobs.absorb(unpacked)));
        renameSync(`${manifest}.new`, manifest);
        rmSync(unpacked, { recursive: true, force: true });
    }
    await removeEarlier(image, reference, { places, engine, log, key });
}

/** The argument PARENT: an image made here, or the official one that takes its place. */
function parentArgument(
    image: Image,
    source: ImageSource,
    keys: ReadonlyMap<string, string>,
): { readonly PARENT?: string } {
    if (image.parent === undefined) {
        return {};
    }
    const parent = images.find(({ name }) => name === image.parent);
    const made = builtReference(image.parent, keys.get(image.parent) ?? "");
    return { PARENT: source === "pull" ? (parent?.upstream ?? made) : made };
}

/** Earlier versions of an image only take space: going back to one builds it again, with most layers still cached. */
async function removeEarlier(
    image: Image,
    reference: string,
    { places, engine, log, key }: { places: Places; engine: Engine; log: string; key: string },
): Promise<void> {
    const current = manifestPath(places, image.name, key);
    for (const name of readdirSync(places.images)) {
        const path = join(places.images, name);
        if (name.startsWith(`${image.name}-`) && /-[0-9a-f]{12}\.json$/.test(name) && path !== current) {
            rmSync(path);
        }
    }
    blobStore(places).prune(allManifests(places));
    const prefix = reference.slice(0, reference.lastIndexOf(":") + 1);
    const earlier = (await engine.references(prefix)).filter((each) => each !== reference);
    if (earlier.length > 0) {
        await engine.remove(earlier, log);
    }
}
