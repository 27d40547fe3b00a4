import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Client } from "minio";
import { projectDirectory } from "../support/commands";
import { runDocumented } from "../support/documented";
import { MinioServer } from "../plugins/support/servers";
import { TestStack, type Declared } from "../plugins/support/stack";

const FILE = "PobleSec.csv";
const CONTENT = "time,down\n2020-01-01,1\n";

/** The dataset as version 0.1.0 declares it, as today's program does in the first update, and as it does not later. */
const PROGRAM = `
import { readFileSync } from "node:fs";
import * as minio from "@pulumi/minio";
import * as pulumi from "@pulumi/pulumi";
import { FormerDataset } from ${JSON.stringify(join(projectDirectory, "components/pipeline/formerDataset"))};

const { providers, resources } = JSON.parse(readFileSync("resources.json", "utf8"));
const [{ name: version, properties }] = resources;
const settings = { ...providers.minio, minioPassword: pulumi.secret(providers.minio.minioPassword.$secret) };
const provider = new minio.Provider("minio", settings);
const bucket = new minio.S3Bucket("dataset", { bucket: "dataset" }, { provider });

class Dataset extends pulumi.ComponentResource {
    constructor() {
        super("flts:pipeline:Dataset", "dataset");
        new minio.S3Object(
            properties.file,
            {
                bucketName: bucket.bucket,
                objectName: properties.file,
                source: properties.path,
                contentType: "text/csv",
            },
            { provider, parent: this, replacementTrigger: "0a1b", deleteBeforeReplace: true },
        );
    }
}

if (version === "0.1.0") {
    new Dataset();
} else if (version === "first update") {
    const objectStore = { options: { provider }, bucketName: () => bucket.bucket };
    new FormerDataset("dataset", { objectStore, keyPrefix: "", files: [properties.file] } as never);
}
`;

describe("the dataset of a stack of version 0.1.0", function () {
    this.timeout(180_000);

    let server: MinioServer;
    let client: Client;
    let folder: string;

    before(async () => {
        server = await MinioServer.create();
        await server.start();
        client = new Client({
            endPoint: "127.0.0.1",
            port: server.port,
            useSSL: false,
            region: "us-east-1",
            accessKey: server.user,
            secretKey: server.password,
        });
        folder = mkdtempSync(join(tmpdir(), "flts-former-"));
    });

    after(async () => {
        await server.remove();
        rmSync(folder, { recursive: true });
    });

    const declared = (version: string): readonly Declared[] => [
        { type: "", name: version, properties: { file: FILE, path: join(folder, FILE) } },
    ];
    /** A stack as 0.1.0 left it: its plugin took what the official one rejects, and the file may be gone since. */
    const deployed = async (): Promise<TestStack> => {
        writeFileSync(join(folder, FILE), CONTENT);
        const stack = await TestStack.create({ minio: server.settings() }, PROGRAM);
        stack.setStrict(false);
        await stack.up(declared("0.1.0"));
        stack.setStrict(true);
        rmSync(join(folder, FILE));
        return stack;
    };
    const stored = async (): Promise<string> => text(await client.getObject("dataset", FILE));
    const tracked = async (stack: TestStack): Promise<string[]> =>
        (await stack.resources()).filter(({ type }) => type.includes("S3Object")).map(({ urn }) => urn);

    // Promise: no-update-deletes-replaces
    it("the dataset of 0.1.0 leaves the state in two updates and stays in the bucket, with plugins as strict as the official ones", async () => {
        const stack = await deployed();
        try {
            await stack.preview(declared("first update"));
            await stack.up(declared("first update"));
            assert.equal(await stored(), CONTENT);
            assert.equal((await tracked(stack)).length, 1);
            await stack.up(declared("second update"));
            assert.deepEqual(await tracked(stack), []);
            assert.equal(await stored(), CONTENT);
            assert.deepEqual(await stack.up(declared("second update")), {});
            assert.equal(await stored(), CONTENT);
        } finally {
            await client.removeObject("dataset", FILE);
            await stack.destroy();
            stack.remove();
        }
    });

    it("the dataset of 0.1.0 leaves the state with the documented commands", async () => {
        const stack = await deployed();
        try {
            const listed = await runDocumented(
                "docs/upgrades.md",
                "pulumi stack --stack dev --show-urns | grep S3Object",
                { ...stack.commandOptions, replace: { "--stack dev": "--stack test" } },
            );
            const [urn = ""] = /urn:pulumi:\S+/.exec(listed.output) ?? [];
            assert.deepEqual(await tracked(stack), [urn]);
            await runDocumented("docs/upgrades.md", "pulumi state delete --stack dev --yes '<URN>'", {
                ...stack.commandOptions,
                replace: { "--stack dev": "--stack test", "<URN>": urn },
            });
            await stack.up(declared("second update"));
            assert.deepEqual(await tracked(stack), []);
            assert.equal(await stored(), CONTENT);
        } finally {
            await client.removeObject("dataset", FILE);
            await stack.destroy();
            stack.remove();
        }
    });
});
