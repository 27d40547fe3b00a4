import assert from "node:assert/strict";

import { debianSources, networkSettings, pipConfiguration } from "../../toolchain/images/host";
import { planLoad } from "../../toolchain/images/load";
import { requestedSource } from "../../toolchain/images/source";
import type { Image } from "../../toolchain/images/catalogue";

describe("what builds inherit from the host", () => {
    it("builds use the Debian archives for the release that an image is made of, once each, and no third party's", () => {
        const listed = [
            "http://mirror.example/debian/|bookworm|main|Debian|",
            "http://mirror.example/debian/|bookworm|main|Debian|",
            "http://mirror.example/debian/|bookworm|contrib|Debian|",
            "http://mirror.example/debian-security|bookworm-security|main||",
            "http://mirror.example/debian/|bookworm-backports|main|Debian Backports|",
            "http://mirror.example/debian/|trixie|main|Debian|",
            "https://apt.example/linux/debian|bookworm|stable|Docker|",
            "https://apt.example/postgres|bookworm|main|PGDG|",
            "",
        ].join("\n");
        for (const suite of ["bookworm", "trixie"]) {
            assert.deepEqual(debianSources(listed, suite), [
                { uri: "http://mirror.example/debian/", release: suite },
                { uri: "http://mirror.example/debian-security", release: `${suite}-security` },
            ]);
        }
    });

    it("builds use apt's proxies and checks, not its other settings", () => {
        const dump = [
            'APT::Architecture "amd64";',
            'Acquire::http::Proxy "http://proxy.example:3128";',
            'Acquire::Check-Date "false";',
            'Acquire::http::User-Agent-Non-Interactive "true";',
            'DPkg::Post-Invoke:: "rm -f x";',
        ].join("\n");
        assert.equal(
            networkSettings(dump),
            'Acquire::http::Proxy "http://proxy.example:3128";\nAcquire::Check-Date "false";',
        );
    });

    it("builds use pip's index and proxy, with certificates at their place in the build, and no paths of the host", () => {
        const list = [
            ":env:.find-links='/opt/wheels'",
            ":env:.default-timeout='180'",
            "global.cert='/etc/ssl/certs/ca-certificates.crt'",
            "global.index-url='https://pypi.example/simple'",
        ].join("\n");
        assert.equal(
            pipConfiguration(list, "/run/host/certificates.pem"),
            "[global]\ntimeout = 180\nindex-url = https://pypi.example/simple\ncert = /run/host/certificates.pem\n",
        );
        assert.equal(pipConfiguration("", undefined), "[global]\n");
    });
});

describe("FLTS_IMAGES", () => {
    it("FLTS_IMAGES accepts build, pull and the default, and other values are named", () => {
        assert.equal(requestedSource({ FLTS_IMAGES: "build" }), "build");
        assert.equal(requestedSource({ FLTS_IMAGES: "pull" }), "pull");
        assert.equal(requestedSource({ FLTS_IMAGES: "" }), undefined);
        assert.equal(requestedSource({}), undefined);
        assert.throws(
            () => requestedSource({ FLTS_IMAGES: "docker" }),
            /FLTS_IMAGES=docker: use build, pull/,
        );
    });
});

describe("loading", () => {
    const facts = { folder: "", inputs: [], purpose: "" };
    const all: readonly Image[] = [
        { ...facts, name: "base", repository: "flts/base", role: "layer" },
        { ...facts, name: "trainer", repository: "flts/trainer", role: "service" },
        { ...facts, name: "kafka", repository: "apache/kafka", tag: "4.3.1", role: "infrastructure" },
    ];
    const keys = new Map([
        ["trainer", "1".repeat(64)],
        ["kafka", "2".repeat(64)],
    ]);
    const trainer = "localhost/flts-build/trainer:111111111111";
    const kafka = "localhost/flts-build/kafka:222222222222";
    const plan = (present: Record<string, string>): string[] =>
        planLoad(all, keys, new Map([["trainer", "tag"]]), new Map(Object.entries(present))).map(
            ({ wanted, importing }) => `${importing ? "import" : "name"} ${wanted}`,
        );

    it("loading imports missing images, but no image that is only a parent", () => {
        assert.deepEqual(plan({}), [
            "import docker.io/flts/trainer:tag",
            "import docker.io/apache/kafka:4.3.1",
        ]);
    });

    it("loading does nothing when every name has the right content", () => {
        const present = {
            [trainer]: "sha256:a",
            "docker.io/flts/trainer:tag": "sha256:a",
            [kafka]: "sha256:b",
            "docker.io/apache/kafka:4.3.1": "sha256:b",
        };
        assert.deepEqual(plan(present), []);
    });

    it("loading only renames content for a new tag, and for a fixed tag with other content", () => {
        const present = {
            [trainer]: "sha256:a",
            "docker.io/flts/trainer:earlier": "sha256:a",
            [kafka]: "sha256:b",
            "docker.io/apache/kafka:4.3.1": "sha256:old",
        };
        assert.deepEqual(plan(present), [
            "name docker.io/flts/trainer:tag",
            "name docker.io/apache/kafka:4.3.1",
        ]);
    });
});
