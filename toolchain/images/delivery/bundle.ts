import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";

import { lockedDigests } from "../../../components/core/pod/lockedImages";
import { lastLines, must, where } from "../../tools/command";
import { fail, type Progress } from "../../console";
import type { Content } from "./content";
import { lockOf, writeLock } from "./deliver";
import { copyImage } from "./registry";
import type { WantedImage } from "./wanted";

/** Members of the archive: an OCI layout (image-spec, image-layout.md) with each image under its name, charts, the lock. */
const LAYOUT = "images";
const CHARTS = "charts";
const LOCK = "images.lock.json";

/** Runs `work` with a new folder in `directory`, which is gone afterwards. */
export async function inDraft<T>(directory: string, work: (draft: string) => Promise<T>): Promise<T> {
    mkdirSync(directory, { recursive: true });
    const draft = mkdtempSync(join(directory, "bundle-"));
    try {
        return await work(draft);
    } finally {
        rmSync(draft, { recursive: true, force: true });
    }
}

export interface BundleRequest {
    readonly archive: string;
    readonly wanted: readonly WantedImage[];
    readonly content: Content;
    /** Archive of MinIO's chart. */
    readonly chart: string;
    /** Folder for what is unfinished, on a disk with room for all images. */
    readonly directory: string;
    readonly progress: Progress;
    readonly log: string;
}

/** Writes one archive of all images, MinIO's chart and the lock of the images. It appears by a rename. */
export async function writeBundle(request: BundleRequest): Promise<void> {
    const { archive, wanted, content, chart, directory, progress, log } = request;
    await inDraft(directory, async (draft) => {
        const digests = new Map<string, string>();
        for (const [index, image] of wanted.entries()) {
            await progress.step(`[${index + 1}/${wanted.length}] Pack image ${image.name}`, {}, async () => {
                // Content that several images share is in the layout once.
                const target = `oci:${join(draft, LAYOUT)}:${image.name}`;
                const copied = await copyImage(content.locate(image), target, log);
                if (typeof copied !== "string") {
                    fail(`${image.name} cannot be packed${lastLines(copied)}${where(log)}`);
                }
                digests.set(image.name, copied);
            });
        }
        mkdirSync(join(draft, CHARTS));
        copyFileSync(chart, join(draft, CHARTS, basename(chart)));
        writeLock(join(draft, LOCK), lockOf(wanted, digests));
        await progress.step(`Write ${archive}`, {}, async () => {
            await must(
                "tar",
                ["--create", "--file", `${archive}.new`, "--directory", draft, LOCK, CHARTS, LAYOUT],
                {
                    log,
                },
            );
        });
        renameSync(`${archive}.new`, archive);
    });
}

/** An unpacked bundle. */
export interface Bundle extends Content {
    readonly wanted: readonly WantedImage[];
    /** Paths of the chart archives. */
    readonly charts: string;
    readonly lock: string;
}

/**
 * Unpacks a bundle to `directory`. Fails, with nothing delivered, when it is none, is incomplete, or was made from other
 * sources than this checkout's, whose program would name images that the bundle does not hold.
 */
export async function openBundle(
    archive: string,
    directory: string,
    all: readonly WantedImage[],
    log: string,
): Promise<Bundle> {
    if (!existsSync(archive)) {
        fail(`FROM=${archive}: there is no such file: name the archive that \`make bundle\` wrote.`);
    }
    await must("tar", ["--extract", "--file", archive, "--directory", directory], { log }).catch(() =>
        fail(
            `FROM=${archive}: this is not an archive of \`make bundle\`, or it is incomplete: copy it again.`,
        ),
    );
    const lock = join(directory, LOCK);
    if (!existsSync(lock) || !existsSync(join(directory, LAYOUT, "index.json"))) {
        fail(
            `FROM=${archive}: ${LOCK} or the images are missing in it: name the archive that \`make bundle\` wrote.`,
        );
    }
    const digests = lockedIn(archive, lock);
    return {
        wanted: all.filter(({ name }) => digests.has(name)),
        charts: join(directory, CHARTS),
        lock,
        heldDigest: ({ name }) => digests.get(name),
        locate: ({ name }) => `oci:${join(directory, LAYOUT)}:${name}`,
        digest: ({ name }) => Promise.resolve(digests.get(name) ?? fail(`${archive}: ${name} is missing.`)),
    };
}

function lockedIn(archive: string, lock: string): ReadonlyMap<string, string> {
    try {
        return lockedDigests(lock);
    } catch (error) {
        return fail(
            `FROM=${archive}: the bundle does not fit this checkout: check out the version that it was made from. ` +
                (error instanceof Error ? error.message : String(error)),
        );
    }
}
