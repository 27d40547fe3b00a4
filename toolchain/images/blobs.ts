import { createHash } from "node:crypto";
import {
    existsSync,
    linkSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    realpathSync,
    renameSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** Reference to content, as in https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md. */
export interface Descriptor {
    readonly mediaType: string;
    readonly digest: string;
    /** Bytes. */
    readonly size: number;
}

/** An image: its configuration and layers (image-spec, manifest.md). */
export interface Manifest {
    readonly schemaVersion: 2;
    readonly mediaType: string;
    readonly config: Descriptor;
    readonly layers: readonly Descriptor[];
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** The list at the head of a docker-archive (https://github.com/moby/docker-image-spec, combined image JSON). */
type ArchiveTable = readonly [{ readonly Config: string; readonly Layers: readonly string[] }];

function sha256(content: string | Buffer): string {
    return createHash("sha256").update(content).digest("hex");
}

/** Hexadecimal part of a digest, the name of its file. */
function fileName(descriptor: Descriptor): string {
    return descriptor.digest.replace("sha256:", "");
}

/**
 * Content of images by its digest: what several images share is there once, and a changed image adds only what changed.
 * That is why images are not kept as archives, each of which would hold all of its parents.
 */
export class BlobStore {
    constructor(readonly directory: string) {}

    /** Digests, in hexadecimal, of all content. */
    names(): string[] {
        return existsSync(this.directory) ? readdirSync(this.directory) : [];
    }

    path(descriptor: Descriptor): string {
        return join(this.directory, fileName(descriptor));
    }

    /**
     * Takes over an unpacked docker-archive whose layers may lack those that are here already, and returns its manifest.
     * Layers in such an archive are not compressed, so their digests are the diff_ids of the configuration.
     */
    absorb(unpacked: string): Manifest {
        mkdirSync(this.directory, { recursive: true });
        const [table] = JSON.parse(readFileSync(join(unpacked, "manifest.json"), "utf8")) as ArchiveTable;
        const content = readFileSync(join(unpacked, table.Config));
        const configuration = JSON.parse(content.toString()) as { rootfs: { diff_ids: string[] } };
        const layers = configuration.rootfs.diff_ids.map((digest, index) => {
            const path = join(this.directory, digest.replace("sha256:", ""));
            if (!existsSync(path)) {
                // Older versions of docker write a layer that occurs twice as a link.
                renameSync(realpathSync(join(unpacked, table.Layers[index] ?? "")), path);
            }
            const mediaType = "application/vnd.oci.image.layer.v1.tar";
            return { mediaType, digest, size: statSync(path).size };
        });
        const config = {
            mediaType: "application/vnd.oci.image.config.v1+json",
            digest: `sha256:${sha256(content)}`,
            size: content.length,
        };
        writeFileSync(this.path(config), content);
        return { schemaVersion: 2, mediaType: manifestType, config, layers };
    }

    /** Removes the content that none of `manifests` refers to. */
    prune(manifests: readonly Manifest[]): void {
        const used = new Set(manifests.flatMap(({ config, layers }) => [config, ...layers].map(fileName)));
        for (const name of this.names().filter((each) => !used.has(each))) {
            rmSync(join(this.directory, name));
        }
    }

    /**
     * Lays out an image as an OCI layout (image-spec, image-layout.md) in `directory`, without the content whose digest is in
     * `present`: a container runtime that holds it needs only the rest.
     */
    layOut(manifest: Manifest, reference: string, present: ReadonlySet<string>, directory: string): void {
        rmSync(directory, { recursive: true, force: true });
        const text = JSON.stringify(manifest);
        const index = {
            schemaVersion: 2,
            manifests: [
                {
                    mediaType: manifestType,
                    digest: `sha256:${sha256(text)}`,
                    size: Buffer.byteLength(text),
                    annotations: { "org.opencontainers.image.ref.name": reference },
                },
            ],
        };
        const files: [string, string][] = [
            ["oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" })],
            ["index.json", JSON.stringify(index)],
            [join("blobs", "sha256", sha256(text)), text],
        ];
        for (const [path, content] of files) {
            mkdirSync(dirname(join(directory, path)), { recursive: true });
            writeFileSync(join(directory, path), content);
        }
        for (const descriptor of [manifest.config, ...manifest.layers]) {
            const target = join(directory, "blobs", "sha256", fileName(descriptor));
            if (!present.has(descriptor.digest) && !existsSync(target)) {
                linkSync(this.path(descriptor), target);
            }
        }
    }
}

/** Digest of an image, as registries and container runtimes compute it. */
export function manifestDigest(manifest: Manifest): string {
    return `sha256:${sha256(JSON.stringify(manifest))}`;
}

/** Bytes of an image with all its parents. */
export function imageSize({ config, layers }: Manifest): number {
    return [config, ...layers].reduce((sum, { size }) => sum + size, 0);
}
