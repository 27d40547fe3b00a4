import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { Client } from "minio";
import { policyDocument } from "../../components/infrastructure/objectStore/objectStorePolicy";
import { OBJECT_STORE_GRANTS } from "../../components/contract";
import { projectDirectory } from "../support/commands";
import { smallNode } from "./support/smallNode";
import { MinioServer } from "../plugins/support/servers";
import { TestStack, type Declared } from "../plugins/support/stack";

const BUCKET = "dataset";
const USER = "flts-data";
const PASSWORD = "a-password-of-the-tests";
/** Size of a large CSV, and what its upload may take of the machine's memory, in bytes. */
const LARGE = 200e6;
const MEMORY = 200e6;

/** The user of the stack's Secret `minio-data`, by the policy that the program gives it. */
const USER_RESOURCES: readonly Declared[] = [
    { type: "minio.S3Bucket", name: BUCKET, properties: { bucket: BUCKET } },
    { type: "minio.S3Bucket", name: "other", properties: { bucket: "other" } },
    { type: "minio.IamUser", name: "data", properties: { name: USER, secret: { $secret: PASSWORD } } },
    {
        type: "minio.IamPolicy",
        name: "data",
        properties: { name: USER, policy: policyDocument(OBJECT_STORE_GRANTS.data) },
    },
    {
        type: "minio.IamUserPolicyAttachment",
        name: "data",
        properties: { userName: USER, policyName: USER },
    },
];

describe("an upload of data, to a real object store as the user for it", function () {
    this.timeout(180_000);

    let server: MinioServer;
    let stack: TestStack;
    let root: Client;
    let user: Client;
    let folder: string;
    let large: string;

    before(async () => {
        server = await MinioServer.create();
        await server.start();
        stack = await TestStack.create({ minio: server.settings() });
        await stack.up(USER_RESOURCES);
        const at = { endPoint: "127.0.0.1", port: server.port, useSSL: false, region: "us-east-1" };
        root = new Client({ ...at, accessKey: server.user, secretKey: server.password });
        user = new Client({ ...at, accessKey: USER, secretKey: PASSWORD });
        folder = mkdtempSync(join(tmpdir(), "flts-upload-"));
        large = await largeCsv(join(folder, "large.csv"));
    });

    after(async () => {
        stack.remove();
        await server.remove();
        rmSync(folder, { recursive: true });
    });

    const upload = (path: string): ChildProcess => {
        const parameters = [
            ...[...smallNode(), "tests/data/support/upload.ts"],
            ...["127.0.0.1", String(server.port), USER, PASSWORD, BUCKET, path],
        ];
        return spawn(process.execPath, parameters, {
            cwd: projectDirectory,
            stdio: ["ignore", "pipe", "pipe"],
        });
    };
    const finished = async (child: ChildProcess): Promise<{ code: number | null; output: string }> => {
        const [output, errors, [code]] = await Promise.all([
            text(child.stdout ?? assert.fail()),
            text(child.stderr ?? assert.fail()),
            once(child, "exit") as Promise<[number | null]>,
        ]);
        return { code, output: output + errors };
    };
    const incomplete = async (): Promise<string[]> => {
        const keys: string[] = [];
        for await (const { key } of root.listIncompleteUploads(BUCKET, "", true) as AsyncIterable<{
            key: string;
        }>) {
            keys.push(key);
        }
        return keys;
    };

    // Promise: data-any-size-checked
    it("an upload of 200 MB takes less than 200 MB of memory, and is not repeated while nothing changed", async () => {
        const { code, output } = await finished(upload(large));
        assert.equal(code, 0, output);
        const [, kilobytes] = /^peak memory: (\d+) kB$/m.exec(output) ?? [];
        const peak = Number(kilobytes) * 1024;
        console.log(`      peak memory: ${Math.round(peak / 1e6)} MB`);
        assert.ok(peak < MEMORY, output);
        const before = await root.statObject(BUCKET, "large.csv");
        assert.ok(before.size >= LARGE);

        const again = await finished(upload(large));
        assert.equal(again.code, 0, again.output);
        assert.match(again.output, /large\.csv already exists with this content/);
        assert.deepEqual((await root.statObject(BUCKET, "large.csv")).lastModified, before.lastModified);
    });

    for (const signal of ["SIGINT", "SIGKILL"] as const) {
        it(`an upload that is stopped by ${signal} leaves the previous object in place, and its parts only for a short time`, async () => {
            await root.putObject(BUCKET, "large.csv", "time,down\n1,2\n");
            const child = upload(large);
            const end = finished(child);
            while ((await incomplete()).length === 0) {
                assert.equal(child.exitCode, null, "the upload ended before it could be interrupted");
                await new Promise((wake) => setTimeout(wake, 10));
            }
            child.kill(signal);
            const { code, output } = await end;
            assert.notEqual(code, 0);
            assert.equal(await text(await root.getObject(BUCKET, "large.csv")), "time,down\n1,2\n");
            if (signal === "SIGINT") {
                assert.match(output, /large\.csv was interrupted: dataset\/large\.csv is as it was before/);
                assert.deepEqual(await incomplete(), []);
            } else {
                // The next upload continues with what this one sent.
                const next = await finished(upload(large));
                assert.equal(next.code, 0, next.output);
                assert.deepEqual(await incomplete(), []);
            }
        });
    }

    it("an upload includes held-out rows", async () => {
        const train = join(folder, "small.csv");
        writeFileSync(train, "time,down\n1,2\n");
        writeFileSync(join(folder, "small_test.csv"), "time,down\n2,3\n");
        assert.equal((await finished(upload(train))).code, 0);
        assert.equal(await text(await root.getObject(BUCKET, "small_test.csv")), "time,down\n2,3\n");
    });

    // Promise: data-any-size-checked
    it("the user for uploads can delete nothing, and reach no other bucket", async () => {
        await root.putObject(BUCKET, "kept.csv", "time,down\n1,2\n");
        await assert.rejects(user.removeObject(BUCKET, "kept.csv"), { code: "AccessDenied" });
        await assert.rejects(user.putObject("other", "a.csv", "a"), { code: "AccessDenied" });
        assert.equal(await text(await user.getObject(BUCKET, "kept.csv")), "time,down\n1,2\n");
    });
});

/** A CSV of `LARGE` bytes. */
async function largeCsv(path: string): Promise<string> {
    const file = createWriteStream(path);
    file.write("time,down\n");
    const rows = "2020-01-01 00:00:00,12345.678901234567\n".repeat(5_000);
    for (let size = 0; size < LARGE; size += rows.length) {
        if (!file.write(rows)) {
            await once(file, "drain");
        }
    }
    file.end();
    await once(file, "finish");
    return path;
}
