import assert from "node:assert/strict";
import { runDocumented } from "../support/documented";
import { Client } from "./support/minio";
import { bucket } from "./support/minioResources";
import { MinioServer } from "./support/servers";
import { TestStack } from "./support/stack";

describe("pulumi import", function () {
    this.timeout(300_000);
    let server: MinioServer;
    let stack: TestStack;

    before(async () => {
        server = await MinioServer.create();
        await server.start();
        stack = await TestStack.create({ minio: server.settings() });
        await stack.up([bucket("first")]);
    });
    after(async () => {
        stack.remove();
        await server.remove();
    });

    it("exits with 0, prints the resource's TypeScript, and leaves nothing to update", async () => {
        await new Client(server).makeBucket("second");
        const provider = `minio=${await stack.providerUrn("minio")}`;
        const imported = await stack.run(
            ...["import", "minio:index/s3Bucket:S3Bucket", "second", "second"],
            ...["--provider", provider, "--protect=false", "--yes", "--skip-preview"],
        );
        assert.ok(imported.ok, imported.text);
        assert.match(imported.text, /import \* as minio from "@pulumi\/minio";/);
        assert.match(imported.text, /const second = new minio\.S3Bucket\("second", \{\s*bucket: "second"/);
        assert.deepEqual(await stack.up([bucket("first"), bucket("second")]), {});
    });

    it("works with the documented commands, below a parent", async () => {
        await new Client(server).makeBucket("dataset");
        const { urn } = await stack.resource("first");
        const listed = await runDocumented(
            "docs/pulumi.md",
            "pulumi stack --show-urns | grep -E 'ObjectStore::minio|providers:minio'",
            stack.commandOptions,
        );
        const provider = await stack.providerUrn("minio");
        assert.ok(listed.output.includes(provider), listed.output);
        await runDocumented(
            "docs/pulumi.md",
            "pulumi import minio:index/s3Bucket:S3Bucket dataset dataset --parent 'store=<URN of the ObjectStore>' --provider 'minio=<URN of the provider>' --protect=false --yes",
            {
                ...stack.commandOptions,
                replace: { "<URN of the ObjectStore>": urn, "<URN of the provider>": provider },
            },
        );
        const { urn: imported } = await stack.resource("dataset");
        assert.ok((await stack.run("state", "delete", "--yes", imported)).ok);
    });

    it("names the parent of an imported resource", async () => {
        await new Client(server).makeBucket("child");
        const { urn } = await stack.resource("first");
        const imported = await stack.run(
            ...["import", "minio:index/s3Bucket:S3Bucket", "child", "child", "--parent", `first=${urn}`],
            ...["--provider", `minio=${await stack.providerUrn("minio")}`, "--yes", "--skip-preview"],
        );
        assert.ok(imported.ok, imported.text);
        assert.match(imported.text, /parent: first,/);
        assert.match(imported.text, /protect: true,/);
    });

    it("fails for an object that does not exist", async () => {
        const provider = `minio=${await stack.providerUrn("minio")}`;
        const failed = await stack.run(
            ...["import", "minio:index/s3Bucket:S3Bucket", "third", "third"],
            ...["--provider", provider, "--protect=false", "--yes", "--skip-preview"],
        );
        assert.ok(!failed.ok);
        assert.match(failed.text, /resource 'third' does not exist/);
    });
});
