import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Images } from "../../components/core/pod/images";
import { imageTags } from "../../components/core/pod/imageTags";
import { lockedDigests, readLock } from "../../components/core/pod/lockedImages";
import { run, succeed, type Outcome } from "../support/commands";
import { copyCheckout } from "../support/checkout";
import { RegistryServer } from "../support/registry";
import { fillStore } from "./support/store";
import { freePort } from "../support/freePort";

describe("images for other clusters, in a registry with TLS and a login", function () {
    this.timeout(240_000);
    let registry: RegistryServer;
    let cache: string;
    let checkout: string;
    let lockPath: string;
    let archive: string;
    let names: string[];

    before(async () => {
        checkout = await copyCheckout();
        lockPath = join(checkout, "images.lock.json");
        archive = join(checkout, "flts-bundle.tar");
        cache = mkdtempSync(join(tmpdir(), "flts-cache-"));
        names = await fillStore(cache);
        registry = await RegistryServer.start();
    });

    after(async () => {
        await registry.remove();
        for (const path of [cache, checkout]) {
            rmSync(path, { recursive: true, force: true });
        }
    });

    /** `make images` or `make bundle` without the search for tools, which another suite covers. */
    const images = (settings: NodeJS.ProcessEnv, command: readonly string[] = []): Promise<Outcome> =>
        run(
            process.execPath,
            ["-r", "ts-node/register/transpile-only", "toolchain/images/main.ts", ...command],
            {
                directory: checkout,
                environment: { ...registry.environment(), FLTS_CACHE: cache, ...settings },
            },
        );
    const to = (path: string): string => `${registry.host}/${path}`;

    it("images are pushed once: a second run finds all of them in the registry", async () => {
        const first = await images({ TO: to("flts") });
        assert.equal(first.code, 0, first.everything);
        assert.ok(first.everything.includes(`${names.length} images pushed, 0 were there`), first.everything);
        const second = await images({ TO: to("flts") });
        assert.ok(
            second.everything.includes(`0 images pushed, ${names.length} were there`),
            second.everything,
        );
    });

    // Promise: images-reach-any-registry
    it("images are locked by the digests that the registry serves, and pods name tag and digest", async () => {
        const locked = await images({ TO: to("flts"), LOCK: "yes" });
        assert.equal(locked.code, 0, locked.everything);
        const { images: entries } = readLock(lockPath);
        assert.deepEqual(Object.keys(entries), [...names].sort());
        const named = new Images({
            registry: to("flts"),
            tags: imageTags(),
            digests: lockedDigests(lockPath),
        });
        for (const name of ["trainer", "kafka", "kube-state-metrics"] as const) {
            const { repository, tag, digest } = entries[name] ?? assert.fail(name);
            assert.equal(named.reference(name), `${to("flts")}/${repository}:${tag}@${digest}`);
            const served = await succeed(
                "skopeo",
                // skopeo takes a tag or a digest, not both.
                [
                    "inspect",
                    "--no-tags",
                    "--format",
                    "{{.Digest}}",
                    `docker://${to("flts")}/${repository}@${digest}`,
                ],
                { environment: { ...process.env, ...registry.environment() } },
            );
            assert.equal(served.trim(), digest);
        }
        rmSync(lockPath);
    });

    // Promise: images-reach-any-registry
    it("images of a bundle are pushed to an empty registry, without a build and without a store of our own", async () => {
        const packed = await images({}, ["bundle"]);
        assert.equal(packed.code, 0, packed.everything);
        const elsewhere = mkdtempSync(join(tmpdir(), "flts-elsewhere-"));
        try {
            const delivered = await images({
                FROM: archive,
                TO: to("gap"),
                LOCK: "yes",
                FLTS_CACHE: elsewhere,
            });
            assert.equal(delivered.code, 0, delivered.everything);
            assert.ok(delivered.everything.includes(`${names.length} images pushed, 0 were there`));
            assert.match(
                delivered.everything,
                /MinIO's chart is .*minio-[\d.]+\.tgz: name it with flts:objectStore\.chart/,
            );
            const lock = JSON.parse(await succeed("tar", ["-xOf", archive, "images.lock.json"])) as unknown;
            assert.deepEqual(readLock(lockPath), lock);
        } finally {
            rmSync(elsewhere, { recursive: true, force: true });
            rmSync(lockPath, { force: true });
        }
    });

    for (const [loader, expected] of [
        ["kind", /^kind load image-archive \S+\/trainer\.tar --name flts$/m],
        ["minikube", /^minikube image load \S+\/trainer\.tar --profile flts$/m],
        ["k3d", /^k3d image import \S+\/trainer\.tar --cluster flts$/m],
    ] as const) {
        it(`images are loaded into ${loader}'s nodes under the names that pods use (its program is emulated)`, async () => {
            const bin = join(cache, `bin-${loader}`);
            mkdirSync(bin);
            const log = join(bin, "log");
            const program = join(bin, loader);
            writeFileSync(
                program,
                [
                    "#!/bin/sh",
                    `echo "${loader} $*" >> ${log}`,
                    `for each; do case "$each" in *.tar) tar -xOf "$each" manifest.json >> ${log}; echo >> ${log};; esac; done`,
                ].join("\n"),
            );
            chmodSync(program, 0o755);
            const loaded = await images({ TO: `${loader}:flts`, PATH: `${bin}:${process.env.PATH ?? ""}` });
            assert.equal(loaded.code, 0, loaded.everything);
            const text = readFileSync(log, "utf8");
            assert.match(text, expected);
            // The form in which skopeo and docker write Docker Hub's names.
            assert.ok(text.includes(`flts/trainer:${imageTags().get("trainer") ?? ""}`), text);
            assert.equal(
                text.match(/\.tar/g)?.length,
                names.length + (text.match(/layer\.tar|[0-9a-f]{64}\.tar/g)?.length ?? 0),
            );
        });
    }

    describe("bad input is refused with setting, value and fix, and nothing is pushed", () => {
        const refused = async (settings: NodeJS.ProcessEnv, expected: RegExp): Promise<void> => {
            const outcome = await images(settings);
            assert.equal(outcome.code, 1, outcome.everything);
            assert.match(outcome.everything, expected);
            assert.doesNotMatch(outcome.everything, /Push image|\n {4}at /);
        };

        it("a rejected login is an error with setting, value and fix", async () => {
            await refused(
                { ...registry.environment("wrong"), TO: to("other") },
                /TO=localhost:\d+\/other: the registry localhost:\d+ refuses the login.*skopeo login localhost:\d+/,
            );
        });

        it("an untrusted certificate is an error with setting, value and fix", async () => {
            await refused(
                {
                    ...registry.untrusted(),
                    SSL_CERT_FILE: "/etc/ssl/certs/ca-certificates.crt",
                    TO: to("other"),
                },
                /TO=.*the certificate of localhost:\d+ is not trusted here: .*certs\.d/,
            );
        });

        it("a registry that does not answer is an error with setting, value and fix", async () => {
            const port = await freePort();
            await refused(
                { TO: `localhost:${port}/flts` },
                /TO=localhost:\d+\/flts: no registry answers at localhost:\d+/,
            );
        });

        it("a bundle that is missing, invalid, or of other sources is an error with setting, value and fix", async () => {
            await refused(
                { FROM: "/nowhere.tar", TO: to("x") },
                /FROM=\/nowhere\.tar: there is no such file/,
            );
            const none = join(cache, "none.tar");
            writeFileSync(none, "no archive");
            await refused(
                { FROM: none, TO: to("x") },
                /FROM=.*none\.tar: this is not an archive of `make bundle`/,
            );
            const draft = mkdtempSync(join(cache, "draft-"));
            await succeed("tar", ["-xf", archive, "-C", draft]);
            const lock = readFileSync(join(draft, "images.lock.json"), "utf8");
            writeFileSync(
                join(draft, "images.lock.json"),
                lock.replace(imageTags().get("trainer") ?? "", "0123456789ab"),
            );
            const other = join(cache, "other.tar");
            await succeed("tar", ["-cf", other, "-C", draft, "."]);
            await refused(
                { FROM: other, TO: to("x") },
                /does not fit this checkout: .*trainer is locked with tag 0123456789ab/,
            );
        });
    });
});
