import assert from "node:assert/strict";
import { Client, impostor } from "./support/minio";
import { attachment, bucket, policy, readPolicy, user } from "./support/minioResources";
import { MinioServer } from "./support/servers";
import { TestStack, type Declared } from "./support/stack";

describe("plugin minio on a real server", function () {
    this.timeout(300_000);
    let server: MinioServer;
    let client: Client;
    let stack: TestStack;

    before(async () => {
        server = await MinioServer.create();
        await server.start();
        client = new Client(server);
        stack = await TestStack.create({ minio: server.settings() });
    });
    after(async () => {
        stack.remove();
        await server.remove();
    });

    const everything: readonly Declared[] = [
        bucket("data"),
        bucket("models", { forceDestroy: true, quota: 1_000_000 }),
        user(),
        policy(readPolicy("data")),
        attachment,
        {
            type: "minio.S3BucketVersioning",
            name: "versions",
            properties: { bucket: "models", versioningConfiguration: { status: "Enabled" } },
        },
        {
            type: "minio.IlmPolicy",
            name: "expiry",
            properties: { bucket: "models", rules: [{ id: "logs", expiration: "30d", filter: "logs/" }] },
        },
        {
            type: "minio.S3Object",
            name: "hello",
            properties: { bucketName: "models", objectName: "hello.txt", content: "hello" },
        },
    ];

    it("previews without a connection", async () => {
        await server.stop();
        assert.deepEqual(await stack.preview(everything), { create: everything.length + 2 });
        await server.start();
    });

    it("creates, and finds nothing to change afterwards", async () => {
        assert.equal((await stack.up(everything)).created, everything.length + 2);
        assert.deepEqual(await client.buckets(), ["data", "models"]);
        assert.equal(await client.object("models", "hello.txt"), "hello");
        assert.deepEqual(await stack.up(everything), {});
        assert.deepEqual(await stack.refresh(), {});
        assert.deepEqual(await stack.up(everything), {});
    });

    it("reports the outputs of the official package", async () => {
        const { arn, bucketDomainName, acl, forceDestroy } = await stack.outputs("data");
        assert.deepEqual(
            { arn, bucketDomainName, acl, forceDestroy },
            {
                arn: "arn:aws:s3:::data",
                bucketDomainName: `http://127.0.0.1:${server.port}/minio/data`,
                acl: "private",
                forceDestroy: false,
            },
        );
        assert.equal((await stack.outputs("reader")).status, "enabled");
        assert.equal((await stack.resource("reader")).id, "reader");
    });

    it("keeps secrets out of the state's clear text", async () => {
        assert.ok(!(await stack.rawState()).includes("reader-secret-1"));
        assert.ok(!(await stack.rawState()).includes(server.password));
        assert.equal((await stack.outputs("reader")).secret, "reader-secret-1");
    });

    it("gives the user the rights of its policy and no others", async () => {
        const reader = client.as("reader", "reader-secret-1");
        await client.put("data", "a.csv", "1,2");
        assert.equal(await reader.object("data", "a.csv"), "1,2");
        await assert.rejects(reader.object("models", "hello.txt"), /403/);
        await client.remove("data", "a.csv");
    });

    it("updates in place what can be updated", async () => {
        const changed = everything.map((one) => {
            if (one.name === "reader") return user({ secret: { $secret: "reader-secret-2" } });
            if (one.name === "read") return policy(readPolicy("models"));
            return one.name === "data" ? bucket("data", { acl: "public-read" }) : one;
        });
        assert.deepEqual(await stack.preview(changed), { update: 3 });
        assert.deepEqual(await stack.up(changed), { updated: 3 });
        const reader = client.as("reader", "reader-secret-2");
        assert.equal(await reader.object("models", "hello.txt"), "hello");
        await assert.rejects(client.as("reader", "reader-secret-1").object("models", "hello.txt"), /403/);
        assert.deepEqual(await stack.up(everything), { updated: 3 });
    });

    it("makes and rotates a secret that is not given", async () => {
        const made = everything.map((one) => (one.name === "reader" ? user({ secret: undefined }) : one));
        assert.deepEqual(await stack.up(made), {}, "a secret that is not given is kept");
        const rotated = made.map((one) =>
            one.name === "reader" ? user({ secret: undefined, updateSecret: true }) : one,
        );
        assert.deepEqual(await stack.up(rotated), { updated: 1 });
        assert.notEqual((await stack.outputs("reader")).secret, "reader-secret-1");
        await stack.up(everything);
    });

    it("replaces a bucket whose name changes, and deletes the old one", async () => {
        const renamed = [...everything.slice(1), { ...bucket("data-2"), name: "data" }];
        assert.equal((await stack.up(renamed)).replaced, 1);
        assert.deepEqual(await client.buckets(), ["data-2", "models"]);
        assert.equal((await stack.up(everything)).replaced, 1);
    });

    it("names a bucket that already exists and how to import it", async () => {
        stack.setStrict(false);
        await client.makeBucket("taken");
        assert.match(
            await stack.upFails([...everything, bucket("taken")]),
            /bucket "taken" already exists on http:\/\/127\.0\.0\.1:\d+: import it/,
        );
        const imported = { ...bucket("taken"), options: { import: "taken" } };
        assert.deepEqual(await stack.up([...everything, imported]), { imported: 1 });
        assert.deepEqual(await stack.up([...everything, bucket("taken")]), {});
        assert.deepEqual(await stack.up(everything), { deleted: 1 });
        stack.setStrict(true);
    });

    it("imports users, policies and attachments", async () => {
        const twin = await TestStack.create({ minio: server.settings() });
        const imports: readonly (readonly [Declared, string])[] = [
            [user({ secret: undefined }), "reader"],
            [policy(readPolicy("data")), "read"],
            [attachment, "reader/read"],
        ];
        const declared = imports.map(([one, id]) => ({
            ...one,
            options: { import: id, retainOnDelete: true },
        }));
        assert.equal((await twin.up(declared)).imported, imports.length);
        twin.remove();
        assert.deepEqual(await client.buckets(), ["data", "models"]);
    });

    it("sees and repairs drift, unless it is strict", async () => {
        stack.setStrict(false);
        await client.removeBucket("data");
        await client.opens("models");
        assert.deepEqual(await stack.refresh(), { updated: 1, deleted: 1 });
        assert.deepEqual(await stack.up(everything), { created: 1, updated: 1 });
        assert.deepEqual(await client.buckets(), ["data", "models"]);
        await assert.rejects(client.as("", "").object("models", "hello.txt"), /403/);
    });

    it("keeps every resource when the server is down during a refresh, unless it is strict", async () => {
        await server.stop();
        const before = (await stack.resources()).length;
        const refresh = await stack.run("refresh", "--yes", "--skip-preview");
        assert.ok(!refresh.ok);
        assert.match(refresh.text, /MinIO server http:\/\/127\.0\.0\.1:\d+: .*connection refused/);
        assert.equal((await stack.resources()).length, before);
        await server.start();
        assert.deepEqual(await stack.refresh(), {});
        assert.deepEqual(await stack.up(everything), {});
    });

    it("keeps every resource when something else answers in the server's place, unless it is strict", async () => {
        await server.stop();
        const other = await impostor(server.port);
        const before = (await stack.resources()).length;
        assert.ok(!(await stack.run("refresh", "--yes", "--skip-preview")).ok);
        assert.equal((await stack.resources()).length, before);
        other.closeAllConnections();
        other.close();
        await server.start();
        stack.setStrict(true);
    });

    it("refuses a user of another stack and names the import, unless it is strict", async () => {
        const other = await TestStack.create({ minio: server.settings() });
        other.setStrict(false);
        assert.match(await other.upFails([user()]), /user "reader" already exists on .*: import it/);
        other.remove();
    });

    it("names every wrong input", async () => {
        assert.match(
            await stack.upFails([bucket("data", { acl: "everyone" })]),
            /acl is "everyone": it must be one of/,
        );
        assert.match(await stack.upFails([policy("{")]), /policy is "\{": it must be valid JSON/);
        assert.match(await stack.upFails([user({ name: "a b" })]), /name is "a b": it must consist of/);
    });

    it("keeps a bucket with objects unless forceDestroy says otherwise", async () => {
        await client.put("data", "kept.csv", "1");
        const failed = await stack.run("destroy", "--yes", "--skip-preview");
        assert.match(failed.text, /bucket "data" is not empty: .*forceDestroy/);
        await client.remove("data", "kept.csv");
        await stack.destroy();
        assert.deepEqual(await client.buckets(), []);
        assert.deepEqual(await stack.resources(), []);
    });
});
