import { createHash } from "node:crypto";
import {
    cpSync,
    createReadStream,
    existsSync,
    mkdirSync,
    mkdtempSync,
    renameSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { run } from "./commands";
import type { Layout } from "./layout";
import { systemTool } from "./tools";

/** An image of one static program and nothing else. */
export interface ScratchImage {
    /** Full reference; its tag follows the program's content, so that a rebuilt program is a new image. */
    readonly reference: string;
    readonly program: string;
}

async function digestOf(path: string): Promise<string> {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path)) {
        hash.update(chunk as Buffer);
    }
    return hash.digest("hex");
}

/** The image `flts/<name>` of a static program. */
export async function scratchImage(program: string): Promise<ScratchImage> {
    const tag = (await digestOf(program)).slice(0, 12);
    return { reference: `docker.io/flts/${basename(program)}:${tag}`, program };
}

/** Names of processor architectures as OCI images use them (GOARCH), by Node's. */
const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** OCI image configuration (image-spec v1, config.md). */
export function imageConfiguration(program: string, layerDigest: string): object {
    return {
        architecture: architectures[process.arch] ?? process.arch,
        os: "linux",
        config: { Entrypoint: [`/${basename(program)}`], User: "65532:65532", WorkingDir: "/" },
        rootfs: { type: "layers", diff_ids: [`sha256:${layerDigest}`] },
    };
}

/** tar options that make the same archive of the same files, whoever packs them and when. */
const reproducible = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];

/**
 * Writes the image as an OCI archive (image-spec v1, image-layout.md) and returns its path. An archive that is already
 * there is kept.
 */
export async function writeArchive(layout: Layout, image: ScratchImage): Promise<string> {
    const name = basename(image.program);
    const archive = join(layout.images, `${name}-${image.reference.split(":").pop() ?? ""}.tar`);
    if (existsSync(archive)) {
        return archive;
    }
    mkdirSync(layout.images, { recursive: true });
    const work = mkdtempSync(join(layout.images, "draft-"));
    const blobs = join(work, "oci", "blobs", "sha256");
    mkdirSync(blobs, { recursive: true });
    const store = async (path: string): Promise<{ digest: string; size: number }> => {
        const digest = await digestOf(path);
        const size = statSync(path).size;
        renameSync(path, join(blobs, digest));
        return { digest: `sha256:${digest}`, size };
    };
    const storeObject = async (object: object): Promise<{ digest: string; size: number }> => {
        writeFileSync(join(work, "object.json"), JSON.stringify(object));
        return await store(join(work, "object.json"));
    };

    mkdirSync(join(work, "root"));
    cpSync(image.program, join(work, "root", name));
    const tar = systemTool("tar");
    await run(tar, [
        ...reproducible,
        "--mode=0555",
        "-cf",
        join(work, "layer.tar"),
        "-C",
        join(work, "root"),
        name,
    ]);
    const layer = await store(join(work, "layer.tar"));
    const configuration = await storeObject(
        imageConfiguration(image.program, layer.digest.replace("sha256:", "")),
    );
    const manifest = await storeObject({
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        config: { mediaType: "application/vnd.oci.image.config.v1+json", ...configuration },
        layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer }],
    });
    writeFileSync(join(work, "oci", "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    const annotations = { "io.containerd.image.name": image.reference };
    writeFileSync(
        join(work, "oci", "index.json"),
        JSON.stringify({
            schemaVersion: 2,
            manifests: [
                { mediaType: "application/vnd.oci.image.manifest.v1+json", ...manifest, annotations },
            ],
        }),
    );
    await run(tar, [...reproducible, "-cf", join(work, "image.tar"), "-C", join(work, "oci"), "."]);
    renameSync(join(work, "image.tar"), archive);
    rmSync(work, { recursive: true });
    return archive;
}
