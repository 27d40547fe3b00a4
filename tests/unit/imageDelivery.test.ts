import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Images } from "../../components/core/pod/images";
import { lockedDigests } from "../../components/core/pod/lockedImages";
import { readDelivery } from "../../toolchain/images/delivery/command";
import { readDestination } from "../../toolchain/images/delivery/destination";
import { explainRefusal } from "../../toolchain/images/delivery/registry";
import { chosenImages } from "../../toolchain/images/catalogue";
import { wantedImages } from "../../toolchain/images/delivery/wanted";

const digest = `sha256:${"a".repeat(64)}`;

describe("TO, FROM and LOCK", () => {
    it("TO names a registry, with port and path if needed, or a local cluster", () => {
        for (const prefix of [
            "registry.example",
            "registry.example/flts",
            "localhost:5000",
            "registry:5000/a/b",
        ]) {
            assert.deepEqual(readDestination(`${prefix}/`), { kind: "registry", prefix });
        }
        for (const loader of ["kind", "minikube", "k3d"] as const) {
            assert.deepEqual(readDestination(`${loader}:flts`), { kind: "cluster", loader, cluster: "flts" });
        }
        assert.equal(readDestination(" "), undefined);
        assert.equal(readDelivery({ TO: "", FROM: "", LOCK: "" }), undefined);
        assert.equal(readDelivery({ LOCK: "no" }), undefined);
    });

    for (const [environment, expected] of [
        [
            { TO: "https://registry.example/flts" },
            /^TO=https:.*: give a registry without a scheme, such as TO=/,
        ],
        [{ TO: "flts" }, /^TO=flts: give a registry/],
        [{ TO: "Registry.example/Flts" }, /^TO=Registry\.example\/Flts: give a registry/],
        [{ TO: "kind:" }, /^TO=kind:: name the cluster after the colon, such as TO=kind:flts/],
        [{ TO: "kind:--all" }, /^TO=kind:--all: name the cluster/],
        [{ LOCK: "maybe" }, /^LOCK=maybe: say yes/],
        [{ FROM: "/a.tar" }, /^FROM=\/a\.tar: say where to with TO/],
    ] as const) {
        it(`make images refuses ${JSON.stringify(environment)} with value and fix`, () => {
            assert.throws(() => readDelivery(environment), { name: "UserError", message: expected });
        });
    }
});

describe("a registry's refusal", () => {
    for (const [output, expected] of [
        ["unauthorized: authentication required", /refuses the login.*`skopeo login r\.example`/],
        ["requested access to the resource is denied", /refuses the login/],
        [
            "x509: certificate signed by unknown authority",
            /not trusted here: .*certs\.d\/r\.example\/ca\.crt/,
        ],
        ["server gave HTTP response to HTTPS client", /r\.example serves no TLS/],
        ["dial tcp: lookup r.example: no such host", /no registry answers at r\.example/],
    ] as const) {
        it(`the registry's error "${output}" is explained with setting, value and fix`, () => {
            assert.match(explainRefusal("TO=r.example/flts", "r.example", output) ?? "", expected);
        });
    }

    it("other errors of a registry are shown in its own words", () => {
        assert.equal(explainRefusal("TO=r.example", "r.example", "blob upload invalid"), undefined);
    });
});

describe("images to deliver", () => {
    it("all images that pods may name are delivered; where no registry is reachable, those that cannot be built are left out", () => {
        const names = (source: "build" | "pull"): string[] =>
            wantedImages(source, chosenImages(new Set())).map(({ name }) => name);
        const own = ["preprocess", "trainer", "evaluator", "inference", "locust", "mlflow", "minio", "kafka"];
        assert.deepEqual(
            own.filter((name) => !names("build").includes(name)),
            [],
        );
        assert.deepEqual(
            names("pull").filter((name) => !names("build").includes(name)),
            ["grafana"],
        );
        assert.ok(!names("build").includes("python"), "a layer is not an image of a pod");
        assert.ok(!names("build").includes("trainer-cuda"), "nobody asked for it");
    });

    it("the variant for GPUs is delivered for a stack that asks for it", () => {
        const [usual, asked] = [[], ["trainer-cuda"]].map((requested) =>
            wantedImages("build", chosenImages(new Set(requested))),
        );
        assert.deepEqual(
            asked?.filter(({ name }) => name !== "trainer-cuda"),
            usual,
        );
        assert.match(asked?.find(({ name }) => name === "trainer-cuda")?.key ?? "", /^[0-9a-f]{64}$/);
    });

    it("images are copied from their official registry if that is reachable, and MinIO and our own from here", () => {
        const pulled = new Map(
            wantedImages("pull", chosenImages(new Set())).map((image) => [image.name, image]),
        );
        assert.equal(pulled.get("kafka")?.key, undefined);
        assert.equal(pulled.get("kafka")?.official, "docker.io/apache/kafka:4.3.1");
        assert.match(pulled.get("minio")?.key ?? "", /^[0-9a-f]{64}$/);
    });
});

describe("images.lock.json", () => {
    let directory: string;
    let path: string;
    const tags = new Map([["trainer", "0123456789ab"]]);
    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), "flts-lock-"));
        path = join(directory, "images.lock.json");
    });
    afterEach(() => {
        rmSync(directory, { recursive: true });
    });
    const write = (images: object): void => {
        writeFileSync(path, JSON.stringify({ version: 1, images }));
    };

    it("images.lock.json pins the digest of the tag of each image that it names", () => {
        write({ trainer: { repository: "flts/trainer", tag: "0123456789ab", digest } });
        const images = new Images({ registry: "r.example/x", tags, digests: lockedDigests(path, tags) });
        assert.equal(images.reference("trainer"), `r.example/x/flts/trainer:0123456789ab@${digest}`);
        assert.equal(images.reference("kafka"), "r.example/x/apache/kafka:4.3.1");
    });

    it("images.lock.json is not needed", () => {
        assert.deepEqual(lockedDigests(path, tags), new Map());
    });

    it("a lock of other sources is refused by image and tag, with the fix", () => {
        write({ trainer: { repository: "flts/trainer", tag: "ba9876543210", digest } });
        assert.throws(
            () => lockedDigests(path, tags),
            /trainer is locked with tag ba9876543210, not 0123456789ab.* Run `make images LOCK=yes`/,
        );
        write({ nobody: { repository: "flts/nobody", tag: "1", digest } });
        assert.throws(() => lockedDigests(path, tags), /nobody is locked with tag 1, not in the catalogue/);
    });

    it("an invalid lock is refused with the place of the error", () => {
        write({ trainer: { repository: "flts/trainer", tag: "0123456789ab", digest: "sha256:1" } });
        assert.throws(() => lockedDigests(path, tags), /not a lock of images \(images\.trainer\.digest: /);
        writeFileSync(path, "{");
        assert.throws(() => lockedDigests(path, tags), /not a lock of images \(SyntaxError/);
    });
});
