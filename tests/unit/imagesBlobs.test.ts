import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { BlobStore, imageSize, type Manifest } from "../../toolchain/images/blobs";
import { pipe } from "../../toolchain/images/pipe";

const digest = (content: string): string => createHash("sha256").update(content).digest("hex");

describe("content of images", () => {
    let root: string;
    let store: BlobStore;

    /** An unpacked docker-archive as buildah writes it; `left` are the layers that are left out. */
    const archive = (layers: readonly string[], left: readonly string[] = []): string => {
        const directory = mkdtempSync(join(root, "unpacked-"));
        const config = JSON.stringify({
            rootfs: { diff_ids: layers.map((layer) => `sha256:${digest(layer)}`) },
        });
        writeFileSync(join(directory, `${digest(config)}.json`), config);
        for (const layer of layers.filter((each) => !left.includes(each))) {
            writeFileSync(join(directory, `${digest(layer)}.tar`), layer);
        }
        const table = {
            Config: `${digest(config)}.json`,
            Layers: layers.map((layer) => `${digest(layer)}.tar`),
        };
        writeFileSync(join(directory, "manifest.json"), JSON.stringify([table]));
        return directory;
    };
    const layerDigests = ({ layers }: Manifest): string[] => layers.map((layer) => layer.digest);

    beforeEach(() => {
        root = mkdtempSync(join(tmpdir(), "flts-blobs-"));
        store = new BlobStore(join(root, "blobs"));
    });

    afterEach(() => {
        rmSync(root, { recursive: true });
    });

    it("content of images is kept by digest, with a manifest in the order of the layers", () => {
        const manifest = store.absorb(archive(["base", "code"]));
        assert.deepEqual(layerDigests(manifest), [`sha256:${digest("base")}`, `sha256:${digest("code")}`]);
        for (const name of store.names()) {
            assert.equal(digest(readFileSync(join(root, "blobs", name), "utf8")), name);
        }
        assert.equal(imageSize(manifest), manifest.config.size + "basecode".length);
    });

    it("images share content: a layer that is here may be left out of the next archive", () => {
        store.absorb(archive(["base", "one"]));
        const manifest = store.absorb(archive(["base", "two"], ["base"]));
        assert.deepEqual(layerDigests(manifest), [`sha256:${digest("base")}`, `sha256:${digest("two")}`]);
    });

    it("an archive may contain links, as from older versions of docker", () => {
        const directory = archive(["base"]);
        const link = join(directory, `${digest("base")}.tar`);
        mkdirSync(join(directory, "first"));
        rmSync(link);
        writeFileSync(join(directory, "first", "layer.tar"), "base");
        symlinkSync("first/layer.tar", link);
        const manifest = store.absorb(directory);
        assert.equal(manifest.layers[0]?.size, 4);
    });

    it("content is deleted when no image refers to it any more", () => {
        store.absorb(archive(["base", "one"]));
        const kept = store.absorb(archive(["base", "two"]));
        store.prune([kept]);
        const expected = [kept.config, ...kept.layers].map((each) => each.digest.slice("sha256:".length));
        assert.deepEqual(store.names().sort(), expected.sort());
    });

    it("an image is exported as an OCI layout that names it and leaves out what the receiver has", () => {
        const manifest = store.absorb(archive(["base", "code", "code"]));
        const layout = join(root, "layout");
        store.layOut(manifest, "localhost/a:b", new Set([`sha256:${digest("base")}`]), layout);
        const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as {
            manifests: [{ digest: string; annotations: Record<string, string> }];
        };
        assert.equal(index.manifests[0].annotations["org.opencontainers.image.ref.name"], "localhost/a:b");
        const blobs = join(layout, "blobs", "sha256");
        const named = readFileSync(join(blobs, index.manifests[0].digest.slice("sha256:".length)), "utf8");
        assert.deepEqual(JSON.parse(named), manifest);
        assert.ok(existsSync(join(blobs, digest("code"))));
        assert.ok(!existsSync(join(blobs, digest("base"))));
        assert.equal(readdirSync(blobs).length, 3);
    });
});

describe("pipe", () => {
    it("a pipe passes the output of one program to the next", async () => {
        assert.equal(await pipe(["printf", "%s\n", "a b", "c"], ["sort", "-r"]), "c\na b\n");
    });

    it("a pipe fails when either program does", async () => {
        await assert.rejects(pipe(["false"], ["cat"]), /failed with code 1/);
        await assert.rejects(pipe(["true"], ["false"]), /failed with code 1/);
    });
});
