import assert from "node:assert/strict";
import { ContentStack } from "./support/contentStack";
import { Client, impostor, slowStarter } from "./support/minio";
import { MinioServer, PostgresServer } from "./support/servers";

// Objects that were only written to a folder cannot be refreshed.
const REFRESH = [
    ...["refresh", "--yes", "--skip-preview", "--run-program"],
    ...["minio", "postgresql"].flatMap((name) => ["--target", `**${name}:index**`]),
];

/** Programs of these tests fail, which the language host ends as it ends a user's. */
const LANGUAGE_HOST = true;

describe("the program protects its users from the official plugins", function () {
    this.timeout(300_000);
    let minio: MinioServer;
    let postgres: PostgresServer;
    let client: Client;
    let stack: ContentStack;

    before(async () => {
        minio = await MinioServer.create();
        postgres = await PostgresServer.create();
        await Promise.all([minio.start(), postgres.start()]);
        client = new Client(minio);
        stack = await ContentStack.create(minio, postgres, {}, LANGUAGE_HOST);
        await stack.up();
        await client.put("dataset", "series.csv", "time,a");
    });
    after(async () => {
        stack.remove();
        await Promise.all([minio.remove(), postgres.remove()]);
    });

    /** A refresh that must stop before a provider asks, with this message, and leave the state as it is. */
    async function refreshStops(message: RegExp): Promise<void> {
        const before = await stack.urns();
        const { ok, text } = await stack.run(...REFRESH);
        assert.ok(!ok, text);
        assert.match(text, message);
        assert.doesNotMatch(text, /flts-test-(root|superuser)-password/);
        assert.deepEqual(await stack.urns(), before);
    }

    it("a second update changes nothing, nor does one after a refresh with the program", async () => {
        assert.deepEqual((await stack.up()).changes, {});
        await stack.must(...REFRESH);
        assert.deepEqual((await stack.up()).changes, {});
    });

    it("a refresh stops while MinIO is unavailable, and the state keeps its buckets", async () => {
        await minio.stop();
        await refreshStops(/MinIO did not answer on 127\.0\.0\.1:\d+ within 5 s .*ECONNREFUSED/);
        await minio.start();
    });

    it("a refresh stops when MinIO refuses the root password, and names the Secret", async () => {
        stack.change({ minio: { port: minio.port, user: minio.user, password: "another-password" } });
        await refreshStops(/refuses the login of flts-test-root: HTTP 403 SignatureDoesNotMatch.*store-root/);
        stack.change({ minio: { port: minio.port, user: "another-root", password: minio.password } });
        await refreshStops(/refuses the login of another-root: HTTP 403 InvalidAccessKeyId/);
        stack.change({ minio: { port: minio.port, user: minio.user, password: minio.password } });
    });

    it("a refresh stops when another server answers 404 instead of MinIO", async () => {
        await minio.stop();
        const other = await impostor(minio.port);
        await refreshStops(/what answers there is not MinIO: HTTP 404/);
        const closed = new Promise((resolve) => other.close(resolve));
        other.closeAllConnections();
        await closed;
        await minio.start();
    });

    it("a refresh stops when PostgreSQL refuses the administrator's password, and names the Secret", async () => {
        stack.change({ postgres: { port: postgres.port, user: "postgres", password: "another-password" } });
        await refreshStops(/refuses the login of postgres: password authentication failed.*postgres-admin/);
        stack.change({ postgres: { port: postgres.port, user: "postgres", password: postgres.password } });
    });

    it("waits for MinIO servers that accept the login before they answer what exists", async () => {
        const { server, port } = await slowStarter(minio.port);
        const settings = {
            identifier: "slow",
            createBuckets: false,
            database: "slow",
            minio: { port, user: minio.user, password: minio.password },
            timeoutSeconds: 60,
        };
        const own = await ContentStack.create(minio, postgres, settings, LANGUAGE_HOST);
        try {
            await own.up();
        } finally {
            await own.run("destroy", "--yes", "--skip-preview", "--run-program");
            own.remove();
            server.close();
        }
    });

    it("works with an administrator of PostgreSQL who is not a superuser", async () => {
        postgres.sql("CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD 'manager-password'");
        const settings = {
            namespace: "managed",
            createBuckets: false,
            services: [],
            database: "managed",
            postgres: { port: postgres.port, user: "manager", password: "manager-password" },
        };
        const own = await ContentStack.create(minio, postgres, settings, LANGUAGE_HOST);
        try {
            // Only a superuser may give the membership in pg_monitor, without which the rest must still stand.
            postgres.sql("GRANT pg_monitor TO manager WITH ADMIN OPTION");
            await own.up();
            assert.deepEqual((await own.up()).changes, {});
        } finally {
            await own.run("destroy", "--yes", "--skip-preview", "--run-program");
            own.remove();
        }
    });

    describe("with a second stack on the same servers", () => {
        let second: ContentStack;

        before(async () => {
            second = await ContentStack.create(minio, postgres, {}, LANGUAGE_HOST);
        });
        after(() => {
            second.remove();
        });

        it("refuses its buckets, users, roles and database by name, and says which setting keeps them apart", async () => {
            const password = stack.secret("train-object-store")?.secretKey ?? "";
            const { ok, text } = await second.run("up", "--yes", "--skip-preview", "--continue-on-error");
            assert.ok(!ok);
            assert.match(
                text,
                /S3Bucket "dataset" exists in MinIO.*flts:objectStore\.external\.createBuckets/,
            );
            assert.match(text, /IamUser "flts\.test\.train" exists in MinIO.*flts:identifier/);
            assert.match(text, /Role "flts\.test\.mlflow" exists in PostgreSQL.*flts:identifier/);
            assert.equal(
                await client.as("flts.test.train", password).object("dataset", "series.csv"),
                "time,a",
            );
        });

        it("keeps users of their own when it has an identifier and uses the first one's buckets", async () => {
            const password = stack.secret("train-object-store")?.secretKey ?? "";
            second.change({ identifier: "blue", createBuckets: false });
            const taken = await second.run("up", "--yes", "--skip-preview");
            assert.match(
                taken.text,
                /Database "mlflow" exists in PostgreSQL.*flts:postgres\.external\.database/,
            );
            second.change({ database: "mlflow_blue" });
            await second.up();
            const own = second.secret("train-object-store")?.secretKey ?? "";
            assert.equal(
                await client.as("flts.test.blue.train", own).object("dataset", "series.csv"),
                "time,a",
            );
            await second.must("destroy", "--yes", "--skip-preview", "--run-program");
            assert.equal(
                await client.as("flts.test.train", password).object("dataset", "series.csv"),
                "time,a",
            );
            const login = stack.secret("mlflow-postgres")?.password ?? "";
            assert.equal(postgres.sql("SELECT 1", "mlflow", "flts.test.mlflow", login), "1");
        });

        // Promise: stacks-share-servers
        it("keeps buckets, users, roles and its database when the first one, which made the buckets, is destroyed", async () => {
            await second.up();
            await client.put("dataset", "blue/series.csv", "time,b");
            const first = stack.secret("train-object-store")?.secretKey ?? "";
            await stack.must("destroy", "--yes", "--skip-preview", "--run-program");
            assert.deepEqual(await stack.urns(), []);
            const own = second.secret("train-object-store")?.secretKey ?? "";
            assert.equal(
                await client.as("flts.test.blue.train", own).object("dataset", "blue/series.csv"),
                "time,b",
            );
            const login = second.secret("mlflow-postgres")?.password ?? "";
            assert.equal(postgres.sql("SELECT 1", "mlflow_blue", "flts.test.blue.mlflow", login), "1");
            await assert.rejects(
                client.as("flts.test.train", first).object("dataset", "series.csv"),
                /403|InvalidAccessKeyId|Access/,
            );
            assert.equal(
                postgres.sql("SELECT count(*) FROM pg_database WHERE datname = 'mlflow'", "postgres"),
                "0",
            );
        });
    });
});
