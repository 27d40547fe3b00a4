import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { parse } from "yaml";
import { connectionReason } from "../../components/access/connectionReason";
import { charts } from "../../components/core/pod/images";
import type { Settings } from "../settings/parsed/settings";

const { version: VERSION, sha256: DIGEST } = charts.minio;

/**
 * The archive that MinIO's release is made of, from the project's root, in which providers run. It is the same path on
 * every machine and for every source, so that a stack which another machine deployed is previewed without a change.
 */
export const CHART_ARCHIVE = `./node_modules/.cache/flts/minio-${VERSION}.tgz`;

/** Milliseconds that an answer of the repository may take. */
const PATIENCE = 60_000;

/** The part of a chart repository's `index.yaml` that is read (https://helm.sh/docs/topics/chart_repository). */
interface RepositoryIndex {
    readonly entries?: Readonly<Record<string, readonly { version?: string; urls?: readonly string[] }[]>>;
}

/**
 * Puts MinIO's chart at `CHART_ARCHIVE`: from `objectStore.chart`, else from `chartRepository`. Nothing is done where this stack
 * deploys no MinIO, or where the archive is there already.
 *
 * @param project root of the project, from which relative paths count.
 * @returns where the release finds the archive.
 * @throws when the chart is missing, or its SHA-256 is not the pinned one.
 */
export async function provideChart(settings: Settings, project: string): Promise<string> {
    const { infrastructure } = settings;
    if (infrastructure.from !== "deploy" || infrastructure.objectStore.from !== "deploy") {
        return CHART_ARCHIVE;
    }
    const { chart } = infrastructure.objectStore;
    const target = join(project, CHART_ARCHIVE);
    if (chart.from === "archive") {
        await keep(target, await givenArchive(chart.path, project));
    } else if (digestOf(await contentOf(target)) !== DIGEST) {
        await keep(target, await downloadedArchive(chart.repository));
    }
    return CHART_ARCHIVE;
}

async function givenArchive(chart: string, project: string): Promise<Uint8Array> {
    const path = isAbsolute(chart) ? chart : join(project, chart);
    const content = await contentOf(path);
    if (content === undefined) {
        throw new Error(
            `${path}: there is no such file; name one with flts:objectStore.chart. Nothing was changed.`,
        );
    }
    mustBePinned(
        content,
        path,
        "Fetch it again with `make images`, name another file with flts:objectStore.chart, or remove this setting",
    );
    return content;
}

async function downloadedArchive(repository: string): Promise<Uint8Array> {
    const base = repository.endsWith("/") ? repository : `${repository}/`;
    const index = new URL("index.yaml", base);
    const found = readIndex(index, (await download(index)).toString());
    const [address] = found?.entries?.minio?.find(({ version }) => version === VERSION)?.urls ?? [];
    if (address === undefined) {
        throw unavailable(index, `it lists no chart minio ${VERSION}`);
    }
    // Addresses without a host count from the repository.
    const archive = new URL(address, base);
    const content = await download(archive);
    mustBePinned(content, archive.href, "Name another repository with flts:chartRepository");
    return content;
}

function readIndex(address: URL, content: string): RepositoryIndex | null {
    try {
        return parse(content) as RepositoryIndex | null;
    } catch {
        throw unavailable(address, "it is not an index of a chart repository");
    }
}

async function download(address: URL): Promise<Buffer> {
    const response = await fetch(address, { signal: AbortSignal.timeout(PATIENCE) }).catch(
        (error: unknown) => {
            throw unavailable(address, connectionReason(error));
        },
    );
    if (!response.ok) {
        throw unavailable(address, `it answers ${response.status}`);
    }
    return Buffer.from(await response.arrayBuffer());
}

function unavailable(address: URL, reason: string): Error {
    return new Error(
        `${address.href}: MinIO's chart cannot be read here: ${reason}. Name another repository with flts:chartRepository, or ` +
            "the archive on this machine with flts:objectStore.chart. Nothing was changed.",
    );
}

/** What a file holds; undefined where there is none. */
async function contentOf(path: string): Promise<Buffer | undefined> {
    return readFile(path).catch((error: unknown) => {
        if (["ENOENT", "ENOTDIR", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) {
            return undefined;
        }
        throw error;
    });
}

function mustBePinned(content: Uint8Array, source: string, remedy: string): void {
    const digest = digestOf(content);
    if (digest !== DIGEST) {
        throw new Error(
            `${source} is not MinIO's chart ${VERSION}: its SHA-256 is ${digest} and must be ${DIGEST}. ${remedy}. ` +
                "Nothing was changed.",
        );
    }
}

function digestOf(content: Uint8Array | undefined): string | undefined {
    return content && createHash("sha256").update(content).digest("hex");
}

/** Writes a file that is never seen half: another program may deploy from the same checkout. */
async function keep(target: string, content: Uint8Array): Promise<void> {
    await mkdir(dirname(target), { recursive: true });
    const part = `${target}.${randomUUID()}`;
    await writeFile(part, content);
    await rename(part, target);
}
