import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import fc from "fast-check";

import { inputFiles, projectRoot, sourcesOf } from "../../components/core/pod/imageTags";
import { findStale } from "../../toolchain/images/build";
import {
    chosenImages,
    fullReference,
    images,
    imagesToBuild,
    parentsFirst,
    type Image,
} from "../../toolchain/images/catalogue";
import { imageKeys } from "../../toolchain/images/keys";
import { requestedImages } from "../../toolchain/images/requested";

function image(name: string, facts: Partial<Image> = {}): Image {
    return {
        name,
        repository: `flts/${name}`,
        folder: `images/${name}`,
        inputs: [],
        role: "service",
        purpose: "",
        ...facts,
    };
}

describe("image catalogue", () => {
    it("has a Containerfile, a purpose and existing inputs for every image", () => {
        for (const each of images) {
            const sources = sourcesOf(each.name, each, projectRoot);
            assert.ok(sources.includes(join(projectRoot, each.folder, "Containerfile")), each.name);
            assert.notEqual(each.purpose, "", each.name);
        }
    });

    it("gives every image that is not our own code a fixed tag, and none to our own", () => {
        for (const each of images) {
            assert.equal(each.tag !== undefined, each.role === "infrastructure", each.name);
        }
    });

    it("puts parents first, whatever order they are given in", () => {
        const names = images.map(({ name }) => name);
        fc.assert(
            fc.property(fc.shuffledSubarray([...images], { minLength: images.length }), (shuffled) => {
                const ordered = parentsFirst(shuffled).map(({ name }) => name);
                assert.deepEqual([...ordered].sort(), [...names].sort());
                for (const { name, parent } of images) {
                    if (parent !== undefined) {
                        assert.ok(ordered.indexOf(parent) < ordered.indexOf(name));
                    }
                }
            }),
        );
    });

    it("names the image whose parent is missing, and the images of a circle", () => {
        assert.throws(() => parentsFirst([image("a", { parent: "nobody" })]), /"a" has the parent "nobody"/);
        assert.throws(
            () => parentsFirst([image("a", { parent: "b" }), image("b", { parent: "a" })]),
            /a -> b -> a/,
        );
    });

    it("leaves official images to the cluster where they can be pulled, but always builds MinIO and our own", () => {
        const built = imagesToBuild("pull", images).map(({ name }) => name);
        for (const official of ["kafka", "postgres", "haproxy", "debian-trixie"]) {
            assert.ok(!built.includes(official), official);
        }
        for (const own of ["minio", "trainer", "mlflow", "base-trixie"]) {
            assert.ok(built.includes(own), own);
        }
        assert.equal(imagesToBuild("build", images).length, images.length);
    });

    it("expands short references as container runtimes do", () => {
        assert.equal(fullReference("postgres", "15"), "docker.io/library/postgres:15");
        assert.equal(fullReference("flts/trainer", "abc"), "docker.io/flts/trainer:abc");
        assert.equal(fullReference("registry.example.org/x", "1"), "registry.example.org/x:1");
        assert.equal(fullReference("localhost/x", "1"), "localhost/x:1");
    });
});

describe("images that are made only on request", () => {
    let root: string;

    beforeEach(() => {
        root = mkdtempSync(join(tmpdir(), "flts-requested-"));
    });

    afterEach(() => {
        rmSync(root, { recursive: true });
    });

    /** What `make images STACK=gpu` makes beside the usual images, where the stack's file has this configuration. */
    function requested(config: string, stack = "gpu"): string[] {
        writeFileSync(join(root, "Pulumi.gpu.yaml"), config);
        const chosen = chosenImages(requestedImages({ STACK: stack }, root));
        const usual = chosenImages(new Set());
        assert.deepEqual(
            chosen.filter((each) => usual.includes(each)),
            usual,
        );
        return chosen.filter((each) => !usual.includes(each)).map(({ name }) => name);
    }

    for (const [how, config] of [
        ["in its group", "config:\n  flts:training:\n    gpu:\n      count: 1\n"],
        ["as text, as Pulumi keeps it", 'config:\n  flts:training:\n    gpu:\n      count: "2"\n'],
        ["by its path", 'config:\n  flts:training.gpu.count: "1"\n'],
        ["beside secrets", "config:\n  flts:x:\n    secure: abc\n  flts:training.gpu.count: 1\n"],
    ] as const) {
        it(`images on request are made for a stack whose file has the setting ${how}`, () => {
            assert.deepEqual(requested(config), ["trainer-cuda"]);
        });
    }

    it("images on request are made for a stack whose file has the value that asks for them", () => {
        assert.deepEqual(requested("config:\n  flts:ingress:\n    login:\n      mode: oidc\n"), [
            "oauth2-proxy",
        ]);
        assert.deepEqual(requested("config:\n  flts:ingress.login.mode: oidc\n"), ["oauth2-proxy"]);
    });

    it("images of PostgreSQL 15 are made for a stack that keeps it, as number or text", () => {
        for (const version of ["15", '"15"']) {
            assert.deepEqual(requested(`config:\n  flts:postgres:\n    version: ${version}\n`), [
                "postgres-15",
            ]);
            assert.deepEqual(requested(`config:\n  flts:postgres.version: ${version}\n`), ["postgres-15"]);
        }
        assert.deepEqual(requested('config:\n  flts:postgres.version: "17"\n'), []);
    });

    for (const [how, config] of [
        ["nothing in its file", ""],
        ["another value than the one that asks for an image", "config:\n  flts:ingress.login.mode: basic\n"],
        ["other settings", "config:\n  flts:training:\n    epochs: 3\n"],
        ["no GPU for its trainers", "config:\n  flts:training:\n    gpu:\n      count: 0\n"],
    ] as const) {
        it(`images on request are not made for a stack with ${how}`, () => {
            assert.deepEqual(requested(config), []);
        });
    }

    it("images on request are not made for another stack, for one without a file, or if no stack is named", () => {
        const config = "config:\n  flts:training.gpu.count: 1\n";
        assert.deepEqual(requested(config, "dev"), []);
        assert.deepEqual(requested(config, ""), []);
        assert.deepEqual([...requestedImages({}, root)], []);
    });

    it("the stacks of this project request no such image", () => {
        for (const STACK of ["dev", "prod"]) {
            assert.deepEqual([...requestedImages({ STACK })], []);
        }
    });
});

describe("image keys", () => {
    let root: string;
    const set = [
        image("parent", { role: "layer" }),
        image("child", { parent: "parent", inputs: ["services/code"] }),
        image("other"),
        image("server", { role: "infrastructure", tag: "1", upstream: "docker.io/x/server:1" }),
    ];
    const write = (path: string, content: string, mode = 0o644): void => {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), content, { mode });
    };
    const key = (name: string, source: "build" | "pull" = "build"): string =>
        imageKeys(root, source, set).get(name) ?? "";

    beforeEach(() => {
        root = mkdtempSync(join(tmpdir(), "flts-images-"));
        for (const { folder } of set) {
            write(join(folder, "Containerfile"), "FROM scratch\n");
        }
        write("services/code/a.py", "a = 1\n");
    });

    afterEach(() => {
        rmSync(root, { recursive: true });
    });

    it("keys do not depend on where the project is", () => {
        const before = imageKeys(root, "build", set);
        const copy = mkdtempSync(join(tmpdir(), "flts-images-"));
        try {
            cpSync(root, copy, { recursive: true });
            assert.deepEqual(imageKeys(copy, "build", set), before);
        } finally {
            rmSync(copy, { recursive: true });
        }
    });

    it("a change of an image's files changes its key and those of its children, and no other", () => {
        const [parent, child, other] = [key("parent"), key("child"), key("other")];
        write("images/parent/Containerfile", "FROM scratch\nENV A=1\n");
        assert.notEqual(key("parent"), parent);
        assert.notEqual(key("child"), child);
        assert.equal(key("other"), other);
    });

    it("a key changes with the arguments of a shared Containerfile", () => {
        const services = ["a", "b"].map((name) =>
            image(name, { folder: "images/other", arguments: { SERVICE: name } }),
        );
        const keys = imageKeys(root, "build", services);
        assert.notEqual(keys.get("a"), keys.get("b"));
    });

    it("a key changes with a renamed file, a moved boundary between two files, and a changed mode", () => {
        const seen = new Set([key("child")]);
        const changes = [
            (): void => {
                rmSync(join(root, "services/code/a.py"));
                write("services/code/b.py", "a = 1\n");
            },
            (): void => {
                write("services/code/b.py", "a = ");
                write("services/code/c.py", "1\n");
            },
            (): void => {
                rmSync(join(root, "services/code/c.py"));
                write("services/code/c.py", "1\n", 0o755);
            },
        ];
        for (const change of changes) {
            change();
            seen.add(key("child"));
        }
        assert.equal(seen.size, changes.length + 1);
    });

    it("keys ignore what running and testing the services leave, and notes", () => {
        const before = key("child");
        write("services/code/__pycache__/a.cpython-311.pyc", "x");
        write("services/code/tests/test_a.py", "x");
        write("images/child/README.md", "x");
        assert.equal(key("child"), before);
        assert.deepEqual(inputFiles(join(root, "services/code")), [join(root, "services/code/a.py")]);
    });

    it("the key of an official image is its name if it is pulled", () => {
        const before = key("server", "pull");
        write("images/server/Containerfile", "FROM other\n");
        assert.equal(key("server", "pull"), before);
        assert.notEqual(key("server", "pull"), key("server"));
    });

    it("a missing input is named", () => {
        rmSync(join(root, "services"), { recursive: true });
        assert.throws(() => key("child"), /"child" has inputs that are not there: services\/code/);
    });
});

describe("images to build", () => {
    const set = [
        image("base", { role: "layer" }),
        image("python", { role: "layer", parent: "base" }),
        image("a", { parent: "python" }),
        image("b", { parent: "python" }),
    ];
    const stale = async (archived: readonly string[], held: readonly string[]): Promise<string[]> => {
        const found = await findStale(
            set,
            ({ name }) => archived.includes(name),
            ({ name }) => Promise.resolve(held.includes(name)),
        );
        return found.map(({ name }) => name);
    };

    it("all images are built at first, parents first", async () => {
        assert.deepEqual(await stale([], []), ["base", "python", "a", "b"]);
    });

    it("only images without an archive are built while their parents are present", async () => {
        assert.deepEqual(await stale(["a"], ["base", "python"]), ["b"]);
        assert.deepEqual(await stale(["a"], ["python"]), ["b"]);
    });

    it("a missing parent is built only if a child needs it", async () => {
        assert.deepEqual(await stale(["a"], ["base"]), ["python", "b"]);
        assert.deepEqual(await stale(["a", "b"], []), []);
    });
});
