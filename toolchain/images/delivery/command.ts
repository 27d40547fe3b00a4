import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

import { lockPath } from "../../../components/core/pod/lockedImages";
import { fail, Progress, type Console } from "../../console";
import { minioChart } from "../chart";
import { images, type Image, type ImageSource } from "../catalogue";
import type { Places } from "../places";
import { inDraft, openBundle, writeBundle } from "./bundle";
import { BuiltContent, requireBuilt, type Content } from "./content";
import { lockOf, push, load, writeLock, type Digests } from "./deliver";
import { readDestination, type Destination } from "./destination";
import { Registry } from "./registry";
import { wantedImages, type WantedImage } from "./wanted";

/** What TO, FROM and LOCK ask for beside the build. */
export interface DeliveryRequest {
    readonly to: Destination | undefined;
    /** Archive of `make bundle`. */
    readonly from: string | undefined;
    readonly lock: boolean;
}

/** Reads TO, FROM and LOCK; undefined when none is set. */
export function readDelivery(environment: NodeJS.ProcessEnv): DeliveryRequest | undefined {
    const to = readDestination(environment.TO);
    const from = environment.FROM?.trim() ? resolve(environment.FROM.trim()) : undefined;
    const lock = environment.LOCK?.trim() ?? "";
    if (!["", "yes", "no"].includes(lock)) {
        fail(`LOCK=${lock}: say yes to write ${lockPath}, or leave it out.`);
    }
    if (from !== undefined && to === undefined) {
        fail(`FROM=${from}: say where to with TO, such as TO=registry.example/flts or TO=kind:<name>.`);
    }
    return to === undefined && from === undefined && lock !== "yes"
        ? undefined
        : { to, from, lock: lock === "yes" };
}

export interface Delivery {
    readonly places: Places;
    readonly console: Console;
}

function logIn({ places }: Delivery): string {
    return join(places.logs, "images-delivery.log");
}

/** Delivers the images that are built here; they have to be. */
export async function deliverBuilt(
    delivery: Delivery,
    request: DeliveryRequest,
    source: ImageSource,
    chosen: readonly Image[],
): Promise<void> {
    const wanted = wantedImages(source, chosen);
    requireBuilt(delivery.places, wanted);
    const official = new Registry("images/images.json", logIn(delivery));
    await deliver(delivery, request, wanted, new BuiltContent(delivery.places, official));
}

/** Delivers what a bundle holds: neither a network beyond TO nor a build is needed. */
export async function deliverBundle(
    delivery: Delivery,
    request: DeliveryRequest & { from: string },
): Promise<void> {
    const { places, console } = delivery;
    await inDraft(places.images, async (draft) => {
        const bundle = await openBundle(request.from, draft, wantedImages("pull", images), logIn(delivery));
        await deliver(delivery, request, bundle.wanted, bundle);
        mkdirSync(places.charts, { recursive: true });
        for (const chart of readdirSync(bundle.charts)) {
            copyFileSync(join(bundle.charts, chart), join(places.charts, chart));
            console.line(
                `MinIO's chart is ${join(places.charts, chart)}: name it with flts:objectStore.chart.`,
            );
        }
    });
}

async function deliver(
    delivery: Delivery,
    { to, lock }: DeliveryRequest,
    wanted: readonly WantedImage[],
    content: Content,
): Promise<void> {
    const { places, console } = delivery;
    const progress = new Progress(console);
    let digests: Digests | undefined;
    if (to?.kind === "registry") {
        const registry = new Registry(`TO=${to.prefix}`, logIn(delivery));
        const result = await push(to.prefix, wanted, content, registry, progress);
        digests = result.digests;
        console.line(
            `${result.pushed} images pushed, ${wanted.length - result.pushed} were there. Deploy with ` +
                `flts:imageRegistry: ${to.prefix}`,
        );
    } else if (to !== undefined) {
        await load(to.loader, to.cluster, wanted, content, places.images, progress, logIn(delivery));
        console.line(`${wanted.length} images loaded into ${to.loader}'s cluster ${to.cluster}.`);
    }
    if (lock) {
        writeLock(lockPath, lockOf(wanted, digests ?? (await digestsOf(wanted, content))));
        console.line(`${lockPath} pins ${wanted.length} images by digest.`);
    }
}

async function digestsOf(wanted: readonly WantedImage[], content: Content): Promise<Digests> {
    const digests = new Map<string, string>();
    for (const image of wanted) {
        digests.set(image.name, await content.digest(image));
    }
    return digests;
}

/** `make bundle`: one archive of all images, the chart and the lock. */
export async function bundle(
    delivery: Delivery,
    source: ImageSource,
    chosen: readonly Image[],
    archive: string,
): Promise<void> {
    const { places, console } = delivery;
    const wanted = wantedImages(source, chosen);
    requireBuilt(places, wanted);
    const log = logIn(delivery);
    await writeBundle({
        archive,
        wanted,
        content: new BuiltContent(places, new Registry("images/images.json", log)),
        chart: await minioChart(),
        directory: places.images,
        progress: new Progress(console),
        log,
    });
    console.line(`${archive} holds ${wanted.length} images, MinIO's chart and their lock.`);
}
