import assert from "node:assert/strict";
import { billOfMaterials, goModulesIn, packagesIn } from "../../toolchain/images/sbom";

describe("the bill of materials of an image", () => {
    it("a bill of materials names Debian's and Python's packages and jars by package URL", () => {
        const list =
            "libc6:amd64\t2.36-9+deb12u13\nadduser\t3.134\nTyping_Extensions==4.16.0\nkafka_2.13-4.3.1.jar\n";
        assert.deepEqual(
            packagesIn(list, "bookworm").map(({ purl }) => purl),
            [
                "pkg:deb/debian/libc6@2.36-9%2Bdeb12u13?arch=amd64&distro=bookworm",
                "pkg:deb/debian/adduser@3.134?distro=bookworm",
                "pkg:pypi/typing-extensions@4.16.0",
                "pkg:generic/kafka_2.13@4.3.1",
            ],
        );
    });

    it("a line that is not the name of a package is an error, and not left out", () => {
        assert.throws(() => packagesIn("adduser\t3.134\n: warning\n", "bookworm"), /no package: : warning/);
    });

    it("a bill of materials names the modules of a Go program, in the versions that were built", () => {
        const text = [
            "minio: go1.26.0",
            "\tpath\tgithub.com/minio/minio",
            "\tmod\tgithub.com/minio/minio\tv0.0.1\th1:x=",
            "\tdep\tgithub.com/a/b\tv1.0.0",
            "\t=>\tgithub.com/c/b\tv1.0.1\th1:y=",
            "\tdep\tgolang.org/x/net\tv0.50.0\th1:z=",
            "\tbuild\t-compiler=gc",
        ].join("\n");
        assert.deepEqual(
            goModulesIn(text).map(({ purl }) => purl),
            [
                "pkg:golang/github.com/minio/minio@v0.0.1",
                "pkg:golang/github.com/c/b@v1.0.1",
                "pkg:golang/golang.org/x/net@v0.50.0",
            ],
        );
    });

    it("a bill of materials is CycloneDX 1.6 of the image by its reference, the same for the same content in any order", () => {
        const content = packagesIn("b\t2\na\t1\nb\t2\n", "trixie");
        const text = billOfMaterials("docker.io/flts/kafka:0123456789ab", content);
        const bom = JSON.parse(text) as Record<string, unknown> & {
            metadata: { component: object };
            components: readonly { name: string }[];
        };
        assert.deepEqual([bom.bomFormat, bom.specVersion, bom.serialNumber], ["CycloneDX", "1.6", undefined]);
        assert.deepEqual(bom.metadata.component, {
            type: "container",
            name: "docker.io/flts/kafka",
            version: "0123456789ab",
            "bom-ref": "docker.io/flts/kafka:0123456789ab",
        });
        assert.deepEqual(
            bom.components.map(({ name }) => name),
            ["a", "b"],
        );
        assert.equal(billOfMaterials("docker.io/flts/kafka:0123456789ab", [...content].reverse()), text);
    });
});
