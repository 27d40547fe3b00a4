import assert from "node:assert/strict";
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

    it("ends with 0, writes the resource's TypeScript, and leaves nothing to update", async () => {
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
