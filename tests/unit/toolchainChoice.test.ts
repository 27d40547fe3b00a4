import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import packageJson from "../../package.json";
import { choose, isAtLeast, NoCandidateError, type Candidate } from "../../toolchain/tools/choice";
import { downloadChecked, findChecksum } from "../../toolchain/tools/download";
import { parallelism, programPath } from "../../toolchain/tools/go";
import { goEnvironment } from "../../toolchain/tools/goCaches";
import { packagesOf } from "../../toolchain/tools/missing";
import { findExecutable, sourceRestriction, toolPath, type ToolName } from "../../toolchain/tools/paths";
import { goPrograms, prerequisites, pulumi, pulumiSet } from "../../toolchain/tools/pins";
import type { Source } from "../../toolchain/tools/store";

describe("choice of a tool's source", () => {
    let tried: Source[];
    const candidate = (source: Source, gives: boolean): Candidate<string> => ({
        source,
        attempt: () => {
            tried.push(source);
            return Promise.resolve(gives ? { value: source } : { refusal: "not here" });
        },
    });
    beforeEach(() => {
        tried = [];
    });

    it("the first source that gives a tool is used, and later ones are not tried", async () => {
        const choice = await choose([
            candidate("path", false),
            candidate("download", true),
            candidate("build", true),
        ]);
        assert.deepEqual(choice, { source: "download", value: "download", refusals: ["path: not here"] });
        assert.deepEqual(tried, ["path", "download"]);
    });

    it("a tool is built if it is not on PATH and downloads are refused", async () => {
        const choice = await choose([
            candidate("path", false),
            candidate("download", false),
            candidate("build", true),
        ]);
        assert.equal(choice.source, "build");
        assert.deepEqual(choice.refusals, ["path: not here", "download: not here"]);
    });

    it("only the source of the restriction is tried", async () => {
        const choice = await choose([candidate("path", true), candidate("build", true)], "build");
        assert.equal(choice.source, "build");
        assert.deepEqual(tried, ["build"]);
    });

    it("the error names every reason if no source gives the tool", async () => {
        await assert.rejects(
            choose([candidate("path", false), candidate("download", false)]),
            (error: unknown) =>
                error instanceof NoCandidateError && error.message === "path: not here; download: not here",
        );
    });

    it("an unknown restriction is refused, and an empty one means none", () => {
        assert.equal(sourceRestriction({}), undefined);
        assert.equal(sourceRestriction({ FLTS_TOOLS_SOURCE: "" }), undefined);
        assert.equal(sourceRestriction({ FLTS_TOOLS_SOURCE: "download" }), "download");
        assert.throws(
            () => sourceRestriction({ FLTS_TOOLS_SOURCE: "web" }),
            /FLTS_TOOLS_SOURCE=web: use path, /,
        );
    });
});

describe("versions", () => {
    const cases: [string, string, boolean][] = [
        ["v3.246.0", "3.246.0", true],
        ["3.1000.0", "3.246.0", true],
        ["3.99.9", "3.246.0", false],
        ["go1.26.8", "1.26.0", true],
        ["go1.9", "1.26.0", false],
        ["Python 3.11.7", "3.11.0", true],
        ["v4.0", "3.246.0", true],
        ["1.26", "1.26.0", true],
        ["", "1.0.0", false],
    ];
    for (const [found, wanted, expected] of cases) {
        it(`version ${found === "" ? "(none)" : found} is ${expected ? "" : "not "}at least ${wanted}`, () => {
            assert.equal(isAtLeast(found, wanted), expected);
        });
    }
});

describe("pins", () => {
    it("pins pair the engine and its plugins with the npm packages of the program", () => {
        const npm = packageJson.dependencies;
        assert.equal(pulumi.version, npm["@pulumi/pulumi"]);
        assert.deepEqual(pulumi.plugins, {
            kubernetes: npm["@pulumi/kubernetes"],
            random: npm["@pulumi/random"],
            minio: npm["@pulumi/minio"],
            postgresql: npm["@pulumi/postgresql"],
        });
        assert.equal(`>=${prerequisites.node.replace(/\.0$/, "")}`, packageJson.engines.node);
    });

    it("plugins are where Pulumi looks for them, and command line and language host side by side", () => {
        assert.equal(
            programPath("pulumi-resource-random"),
            "pulumi/plugins/resource-random-v4.21.2/pulumi-resource-random",
        );
        assert.equal(programPath("pulumi-language-nodejs"), "bin/pulumi-language-nodejs");
        assert.equal(programPath("pulumi"), "bin/pulumi");
    });

    it("command line, language host and four plugins are one set", () => {
        assert.deepEqual([...pulumiSet].sort(), [
            "pulumi",
            "pulumi-language-nodejs",
            "pulumi-resource-kubernetes",
            "pulumi-resource-minio",
            "pulumi-resource-postgresql",
            "pulumi-resource-random",
        ]);
        assert.ok(pulumiSet.every((name) => name in goPrograms));
    });
});

describe("published checksums", () => {
    const digest = "a".repeat(128);
    const other = "b".repeat(128);
    it("published checksums are found by file name, or stand alone", () => {
        const text = `${other}  pulumi-linux-arm64.tar.gz\n${digest}  ./pulumi-linux-x64.tar.gz\n`;
        assert.equal(findChecksum(text, "pulumi-linux-x64.tar.gz"), digest);
        assert.equal(findChecksum(text, "pulumi-darwin-x64.tar.gz"), undefined);
        assert.equal(findChecksum(`${"c".repeat(64)}\n`, "kubectl"), "c".repeat(64));
    });

    it("checksums are not read from an error page", () => {
        assert.equal(findChecksum("<html>not found</html>", "kubectl"), undefined);
        assert.equal(findChecksum("", "kubectl"), undefined);
    });
});

describe("checked download", () => {
    let server: Server;
    let directory: string;
    let address: string;
    const content = "archive";
    const digest = createHash("sha256").update(content).digest("hex");
    const served: Record<string, string> = {
        "/tool.tar.gz": content,
        "/good": `${digest}  tool.tar.gz\n`,
        "/bad": `${"0".repeat(64)}  tool.tar.gz\n`,
        "/other": `${digest}  other.tar.gz\n`,
    };
    before((done) => {
        directory = mkdtempSync(join(tmpdir(), "flts-download-"));
        server = createServer((request, response) => {
            const body = served[request.url ?? ""];
            response.writeHead(body === undefined ? 403 : 200).end(body);
        }).listen(0, "127.0.0.1", () => {
            address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
            done();
        });
    });
    after((done) => {
        rmSync(directory, { recursive: true });
        server.close(done);
    });

    const attempt = (file: string, checksums: string): Promise<string | undefined> =>
        downloadChecked(
            `${address}/${file}`,
            `${address}/${checksums}`,
            "sha256",
            join(directory, "file"),
            join(directory, "log"),
        );

    it("a download is accepted when it matches the publisher's checksum", async () => {
        assert.equal(await attempt("tool.tar.gz", "good"), undefined);
    });

    it("a download is refused when it does not match, or none is published for the file", async () => {
        assert.match((await attempt("tool.tar.gz", "bad")) ?? "", /^tool.tar.gz has sha256 .*, not 0000/);
        assert.match(
            (await attempt("tool.tar.gz", "other")) ?? "",
            /^no checksum is published for tool.tar.gz/,
        );
    });

    it("a download is refused when the server forbids it or does not answer", async () => {
        assert.match(
            (await attempt("absent.tar.gz", "good")) ?? "",
            /^127.0.0.1:\d+ does not serve it .*403/,
        );
        assert.match(
            (await downloadChecked(
                "http://127.0.0.1:1/a",
                "http://127.0.0.1:1/b",
                "sha256",
                join(directory, "file"),
                join(directory, "log"),
            )) ?? "",
            /^127.0.0.1:1 does not serve it/,
        );
    });
});

describe("programs of the machine", () => {
    it("programs of the machine are installed by package, each once", () => {
        assert.deepEqual(packagesOf(["containerd", "ctr", "runc"]), ["containerd", "runc"]);
        assert.deepEqual(packagesOf([]), []);
    });

    it("programs are found on PATH first, then in the given folders; only executable files count", () => {
        const directory = mkdtempSync(join(tmpdir(), "flts-path-"));
        try {
            for (const [folder, mode] of [
                ["plain", 0o644],
                ["first", 0o755],
                ["second", 0o755],
            ] as const) {
                mkdirSync(join(directory, folder));
                writeFileSync(join(directory, folder, "tool"), "", { mode });
            }
            const path = [join(directory, "plain"), join(directory, "first")].join(":");
            assert.equal(findExecutable("tool", path, []), join(directory, "first", "tool"));
            assert.equal(
                findExecutable("tool", "", [join(directory, "second")]),
                join(directory, "second", "tool"),
            );
            assert.equal(findExecutable("other", path, []), undefined);
        } finally {
            rmSync(directory, { recursive: true });
        }
    });

    it("unknown tools are refused by name", () => {
        assert.throws(() => toolPath("gcc" as ToolName), /gcc is not a tool of toolchain\/tools\/pins.ts/);
    });
});

describe("go build", () => {
    it("Go runs one compiler for each core, fewer if memory is short, and at least one", () => {
        assert.equal(parallelism(0, 2, 24e9), 2);
        assert.equal(parallelism(0, 16, 16e9), 6);
        assert.equal(parallelism(0, 4, 1e9), 1);
        assert.equal(parallelism(1.5e9, 16, 16e9), 5);
        assert.equal(parallelism(1.5e9, 2, 4e9), 1);
    });

    it("Go keeps the user's checksum exceptions and caches unless FLTS_GO_CACHE names others", () => {
        const own = goEnvironment({ GONOSUMDB: "example.com/*" });
        assert.match(own.GONOSUMDB ?? "", /^example\.com\/\*,github\.com\/pulumi\/\*/);
        assert.equal(own.GOCACHE, undefined);
        const flts = goEnvironment({ FLTS_GO_CACHE: "/cache" });
        assert.equal(flts.GOCACHE, "/cache/build");
        assert.equal(flts.GOMODCACHE, "/cache/modules");
        assert.equal(flts.CGO_ENABLED, "0");
    });
});
