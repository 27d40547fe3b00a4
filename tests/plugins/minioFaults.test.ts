import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, impostor } from "./support/minio";
import { attachment, bucket, policy, readPolicy, user } from "./support/minioResources";
import { MinioServer } from "./support/servers";
import { TestStack, type Declared } from "./support/stack";

const everything: readonly Declared[] = [bucket("data"), user(), policy(readPolicy("data")), attachment];

const object = (properties: Record<string, unknown>, options: Record<string, unknown> = {}): Declared => ({
    type: "minio.S3Object",
    name: "csv",
    properties: { bucketName: "data", objectName: "a.csv", ...properties },
    options,
});

/** The rows of README.md, in their order. */
describe("plugin minio in strict mode, with the faults of the official plugin", function () {
    this.timeout(300_000);
    let server: MinioServer;
    let client: Client;
    let stack: TestStack;
    let folder: string;

    beforeEach(async () => {
        server = await MinioServer.create();
        await server.start();
        client = new Client(server);
        stack = await TestStack.create({ minio: server.settings() });
        folder = mkdtempSync(join(tmpdir(), "flts-objects-"));
    });
    afterEach(async () => {
        stack.remove();
        await server.remove();
        rmSync(folder, { recursive: true });
    });

    const asReader = (): Promise<string> => client.as("reader", "reader-secret-1").object("data", "a.csv");

    const file = (content: string): string => {
        const path = join(folder, "a.csv");
        writeFileSync(path, content);
        return path;
    };

    const missingContent =
        /\[FATAL\] putting object failed \(\): one of source \/ content \/ content_base64 is not set/;

    it("1: rejects an object whose content is a file", async () => {
        const source = file("1,2");
        assert.match(await stack.upFails([bucket("data"), object({ source })]), missingContent);
        await assert.rejects(client.object("data", "a.csv"), /404/);
    });

    it("1b: deletes an object of a lenient plugin when its file changes, and cannot write the new one", async () => {
        const csv = (trigger: string): Declared =>
            object({ source: file(trigger) }, { replacementTrigger: trigger, deleteBeforeReplace: true });
        stack.setStrict(false);
        await stack.up([bucket("data"), csv("old")]);
        stack.setStrict(true);
        assert.match(await stack.upFails([bucket("data"), csv("new")]), missingContent);
        await assert.rejects(client.object("data", "a.csv"), /404/);
    });

    it("1c: keeps the content of an object in the state", async () => {
        await stack.up([bucket("data"), object({ content: "the content of a CSV" })]);
        assert.equal(await client.object("data", "a.csv"), "the content of a CSV");
        assert.ok((await stack.rawState()).includes("the content of a CSV"));
    });

    for (const kept of [false, true]) {
        it(`${kept ? "retains" : "deletes"} an object of version 0.1.0 that leaves the program`, async () => {
            const csv = (options: Record<string, unknown>): Declared =>
                object({ source: file("1,2"), contentType: "text/csv" }, options);
            stack.setStrict(false);
            await stack.up([bucket("data"), csv({})]);
            stack.setStrict(true);
            assert.deepEqual(await stack.up([bucket("data"), csv({ retainOnDelete: kept })]), {});
            await stack.up([bucket("data")]);
            if (kept) {
                assert.equal(await client.object("data", "a.csv"), "1,2");
            } else {
                await assert.rejects(client.object("data", "a.csv"), /404/);
            }
        });
    }

    it("2: forgets the buckets when a refresh finds the server unavailable, and cannot make them again", async () => {
        await stack.up(everything);
        await server.stop();
        await stack.refreshFails();
        assert.deepEqual(
            (await stack.resources()).map(({ urn }) => urn.split("::").at(-1)),
            ["reader", "read", "reader-read"],
        );
        await server.start();
        assert.match(await stack.upFails(everything), /\[FATAL\] bucket already exists! \(data\)/);
    });

    it("3: forgets the buckets when a refresh signs in with a wrong password", async () => {
        await stack.up([bucket("data")]);
        await server.stop();
        server.password = "another-root-password";
        await server.start();
        await stack.refresh();
        assert.deepEqual(await stack.resources(), []);
        assert.deepEqual(await new Client(server).buckets(), ["data"]);
    });

    it("3: forgets the buckets when another server answers with 404", async () => {
        await stack.up([bucket("data")]);
        await server.stop();
        const other = await impostor(server.port);
        await stack.refresh();
        other.closeAllConnections();
        other.close();
        assert.deepEqual(await stack.resources(), []);
        await server.start();
        assert.deepEqual(await client.buckets(), ["data"]);
    });

    it("4: does not heal lost data until the state forgets policies and attachments", async () => {
        await stack.up(everything);
        await server.loseData();
        assert.match(
            await stack.refreshFails(),
            /unable to read policy \(read\): The canned policy does not exist/,
        );
        await stack.up(everything);
        await client.put("data", "a.csv", "1,2");
        await assert.rejects(asReader(), /403/);
        await stack.refreshFails();
        assert.match(await stack.upFails(everything), /unable to Set User policy \(reader read\)/);
        await assert.rejects(asReader(), /403/);

        // The state does not hold the attachment any more: the failed refresh found a user without a policy.
        await stack.forget("read");
        await stack.refresh();
        await stack.up(everything);
        assert.equal(await asReader(), "1,2");
        assert.deepEqual(await stack.up(everything), {});
    });

    it("4: loses a policy for good when it is replaced", async () => {
        await stack.up(everything);
        await server.loseData();
        await stack.refreshFails();
        const { urn } = await stack.resource("read");
        await stack.run("up", "--yes", "--skip-preview", "--replace", urn);
        assert.match(await stack.refreshFails(), /unable to read policy \(read\)/);
    });

    it("5: makes a user that was deleted outside again without its policy, which takes another refresh", async () => {
        await stack.up(everything);
        await client.put("data", "a.csv", "1,2");
        await client.removeUser("reader");
        assert.match(
            await stack.refreshFails(),
            /failed to load user Infos \(reader\): The specified user does not exist/,
        );
        assert.deepEqual(await stack.up(everything), { created: 1 });
        await assert.rejects(asReader(), /403/);
        await stack.refresh();
        assert.deepEqual(await stack.up(everything), { created: 1 });
        assert.equal(await asReader(), "1,2");
    });

    it("5: can never delete the attachment of a user that was deleted outside", async () => {
        await stack.up(everything);
        await client.removeUser("reader");
        const withoutService = [bucket("data")];
        const undeletable = /unable to delete user policy \(reader\): The specified user does not exist/;
        assert.match(await stack.upFails(withoutService), undeletable);
        await stack.refreshFails();
        assert.match(await stack.upFails(withoutService), undeletable);
    });

    it("6: restores an object that was deleted with its bucket only at the second refresh", async () => {
        const resources = [bucket("data"), object({ content: "1,2" })];
        await stack.up(resources);
        await client.remove("data", "a.csv");
        await client.removeBucket("data");
        assert.match(await stack.refreshFails(), /reading object failed \(a\.csv\)/);
        assert.deepEqual(await stack.up(resources), { created: 1 });
        await assert.rejects(client.object("data", "a.csv"), /404/);
        await stack.refresh();
        assert.deepEqual(await stack.up(resources), { created: 1 });
        assert.equal(await client.object("data", "a.csv"), "1,2");
    });

    it("7: cannot remove a bucket that is already gone until a refresh", async () => {
        await stack.up([bucket("data"), bucket("models")]);
        await client.removeBucket("data");
        assert.match(
            await stack.upFails([bucket("models")]),
            /unable to remove bucket \(data\): The specified bucket does not exist/,
        );
        await stack.refresh();
        assert.deepEqual(await stack.up([bucket("models")]), {});
    });

    it("7: cannot remove a user that is already gone until a refresh", async () => {
        await stack.up([bucket("data"), user()]);
        await client.removeUser("reader");
        assert.match(
            await stack.upFails([bucket("data")]),
            /error deleting IAM User \(reader\): The specified user does not exist/,
        );
        await stack.refresh();
        assert.deepEqual(await stack.up([bucket("data")]), {});
    });

    it("8: takes over a user of another stack, and deletes it for both", async () => {
        await stack.up(everything);
        await client.put("data", "a.csv", "1,2");
        const other = await TestStack.create({ minio: server.settings() });
        await other.up([user({ secret: { $secret: "reader-secret-2" } })]);
        await assert.rejects(asReader(), /403/);
        await other.up([]);
        other.remove();
        assert.match(await stack.refreshFails(), /failed to load user Infos \(reader\)/);
    });

    it("10: does not see a bucket that was made public outside", async () => {
        await stack.up([bucket("data")]);
        await client.put("data", "a.csv", "1,2");
        await client.opens("data");
        assert.deepEqual(await stack.refresh(), {});
        assert.deepEqual(await stack.up([bucket("data")]), {});
        assert.deepEqual(await stack.up([bucket("data", { forceDestroy: true })]), { updated: 1 });
        assert.deepEqual(await stack.up([bucket("data", { forceDestroy: true })]), {});
        assert.equal(await client.as("", "").object("data", "a.csv"), "1,2");
    });

    it("takes over a lenient plugin's state without a change, and hands it back", async () => {
        stack.setStrict(false);
        const resources = [...everything, object({ content: "1,2" })];
        await stack.up(resources);
        for (const strict of [true, false]) {
            stack.setStrict(strict);
            assert.deepEqual(await stack.up(resources), {});
            assert.deepEqual(await stack.refresh(), {});
            assert.deepEqual(await stack.up(resources), {});
        }
    });

    it("names a setting of the mode that is neither on nor off", async () => {
        const undecided = await TestStack.create({ minio: server.settings() }, undefined, {
            FLTS_PLUGIN_STRICT: "perhaps",
        });
        assert.match(
            await undecided.upFails([bucket("data")]),
            /FLTS_PLUGIN_STRICT is "perhaps": set it to 1 or 0/,
        );
        undecided.remove();
    });

    it("13: forgets the lifecycle of a bucket when a refresh finds the server unavailable, and sets it again", async () => {
        const expiry: Declared = {
            type: "minio.IlmPolicy",
            name: "expiry",
            properties: { bucket: "data", rules: [{ id: "logs", expiration: "30d" }] },
        };
        await stack.up([bucket("data")]);
        // A bucket that the state does not hold, which would stand in the way.
        await stack.forget("data");
        await stack.up([expiry]);
        await server.stop();
        await stack.refresh();
        assert.deepEqual(await stack.resources(), []);
        await server.start();
        assert.deepEqual(await stack.up([expiry]), { created: 1 });
        assert.deepEqual(await stack.refresh(), {});
    });
});
