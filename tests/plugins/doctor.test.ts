import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { examine } from "../../cli/doctor/examine";
import { MinioClient } from "../../components/access/minioClient";
import { createConsole } from "../../toolchain/console/index";
import { ContentStack } from "./support/contentStack";
import { Client } from "./support/minio";
import { MinioServer, PostgresServer } from "./support/servers";

describe("make doctor, with plugins that have the faults of the official ones", function () {
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
        stack = await ContentStack.create(minio, postgres);
        await stack.up();
        await client.put("dataset", "series.csv", "time,a");
        postgres.sql("CREATE TABLE runs AS SELECT 42 AS answer", "mlflow");
        postgres.sql('ALTER TABLE runs OWNER TO "flts.test.mlflow"', "mlflow");
    });
    after(async () => {
        stack.remove();
        await Promise.all([minio.remove(), postgres.remove()]);
    });

    /** Runs the doctor and returns its result and what it printed. */
    async function doctor(fix: boolean): Promise<{ healthy: boolean; text: string }> {
        const lines: string[] = [];
        const output = { ...createConsole(process.stdout), line: (line = "") => lines.push(line) };
        const healthy = await examine(
            {
                pulumi: stack.pulumi,
                context: "none",
                readSecret: (_namespace, name) => Promise.resolve(stack.secret(name)),
                deleteSecret: (_namespace, name) => {
                    rmSync(stack.secretFile(name));
                    return Promise.resolve();
                },
            },
            fix,
            output,
        );
        return { healthy, text: lines.join("\n") };
    }

    const secretKey = (service: string): string => stack.secret(`${service}-object-store`)?.secretKey ?? "";
    const password = (service: string): string => stack.secret(`${service}-postgres`)?.password ?? "";

    /** Everything works, no data was lost, and nothing is left to do. */
    async function isWell(): Promise<void> {
        assert.equal(await client.object("dataset", "series.csv"), "time,a");
        for (const service of ["train", "eval"]) {
            const user = client.as(`flts.test.${service}`, secretKey(service));
            assert.equal(await user.object("dataset", "series.csv"), "time,a");
            await assert.rejects(user.put("dataset", "other.csv", "1"), /AccessDenied/);
        }
        assert.equal(
            postgres.sql("SELECT answer FROM runs", "mlflow", "flts.test.mlflow", password("mlflow")),
            "42",
        );
        assert.deepEqual((await stack.up()).changes, {});
        const { healthy, text } = await doctor(false);
        assert.ok(healthy, text);
        assert.equal(text, "State, servers and cluster agree.");
    }

    /** Sees that the doctor reports what is wrong, changes nothing without FIX, and repairs it with it. */
    async function heals(...problems: readonly RegExp[]): Promise<string> {
        const before = await stack.urns();
        const reported = await doctor(false);
        assert.ok(!reported.healthy, reported.text);
        for (const problem of problems) {
            assert.match(reported.text, problem);
        }
        assert.match(reported.text, /Nothing was changed/);
        assert.deepEqual(await stack.urns(), before);
        const { healthy, text } = await doctor(true);
        assert.ok(healthy, text);
        for (const secret of [secretKey("train"), password("mlflow"), minio.password, postgres.password]) {
            assert.ok(!text.includes(secret));
        }
        return text;
    }

    it("reports in one line that nothing is wrong", isWell);

    it("imports the buckets that a refresh without the program lost (rows 2 and 3)", async () => {
        await minio.stop();
        await stack.run("refresh", "--yes", "--skip-preview", "--target", "**minio:index/s3Bucket**");
        await minio.start();
        assert.ok(!(await stack.urns()).some((urn) => urn.includes("S3Bucket")));
        const up = await stack.run("up", "--yes", "--skip-preview");
        assert.match(up.text, /S3Bucket "dataset" exists in MinIO.*`make doctor FIX=yes` puts it back/);
        const text = await heals(
            /^MinIO +bucket +dataset +in MinIO, not in the state$/m,
            /^MinIO +bucket +processed-data +in MinIO, not in the state$/m,
        );
        assert.match(text, /pulumi import bucket dataset\n {2}pulumi up for bucket dataset alone/);
        await isWell();
    });

    it("creates users and policies again that were lost with MinIO's data (row 4)", async () => {
        const root = new MinioClient(
            { host: "127.0.0.1", port: minio.port, secure: false },
            { user: minio.user, password: minio.password },
        );
        for (const service of ["train", "eval"]) {
            await root.removeUser(`flts.test.${service}`);
            await client.removePolicy(`flts.test.${service}`);
        }
        await heals(/^MinIO +user +flts\.test\.train +in the state, not in MinIO$/m);
        await isWell();
    });

    it("creates a user again that was deleted outside, with its policy (row 5)", async () => {
        await client.removeUser("flts.test.train");
        await heals(/user +flts\.test\.train +in the state, not in MinIO/);
        await isWell();
    });

    it("attaches a user's policy again after an update created the user without it (row 5)", async () => {
        await client.removeUser("flts.test.train");
        const userUrn = (await stack.urns()).find((urn) => urn.endsWith("IamUser::train")) ?? "";
        await stack.run("up", "--yes", "--skip-preview", "--target-replace", userUrn);
        await heals(/user +flts\.test\.train +/);
        await isWell();
    });

    it("forgets the attachment of a deleted user whose service left the program (rows 5 and 7)", async () => {
        stack.change({ services: ["train", "eval", "leaving"] });
        await stack.up();
        await client.removeUser("flts.test.leaving");
        stack.change({ services: ["train", "eval"] });
        assert.ok(!(await stack.run("up", "--yes", "--skip-preview")).ok);
        await heals(/user +flts\.test\.leaving +in the state, not in MinIO; the program does not declare it/);
        await stack.up();
        await isWell();
    });

    it("creates a bucket again that was deleted outside, and reports that it is empty (row 6)", async () => {
        await client.removeBucket("processed-data");
        const text = await heals(/bucket +processed-data +in the state, not in MinIO/);
        assert.match(text, /it is empty: `make restore SNAPSHOT=latest`/);
        await isWell();
    });

    it("forgets a bucket that is neither in the server nor in the program (row 7)", async () => {
        // A bucket of an external server is not deleted, and so cannot be missed.
        stack.change({ ownServers: true, buckets: ["dataset", "processed-data", "leaving"] });
        await stack.up();
        await client.removeBucket("leaving");
        stack.change({ buckets: ["dataset", "processed-data"] });
        assert.ok(!(await stack.run("up", "--yes", "--skip-preview")).ok);
        await heals(/bucket +leaving +in the state, not in MinIO; the program does not declare it/);
        stack.change({ ownServers: false });
        await stack.up();
        await isWell();
    });

    it("does not touch a user of this name that refuses this stack's password (row 8)", async () => {
        const second = await ContentStack.create(minio, postgres, {
            createBuckets: false,
            database: "other",
        });
        try {
            assert.ok(!(await second.run("up", "--yes", "--skip-preview", "--continue-on-error")).ok);
            const first = stack;
            const before = [secretKey("train"), password("mlflow")];
            stack = second;
            const { healthy, text } = await doctor(true).finally(() => {
                stack = first;
            });
            assert.ok(!healthy);
            assert.match(
                text,
                /user +flts\.test\.train +in MinIO, not in the state, and refuses this stack's password/,
            );
            assert.match(text, /left as it is/);
            assert.deepEqual([secretKey("train"), password("mlflow")], before);
            assert.equal(
                await client.as("flts.test.train", secretKey("train")).object("dataset", "series.csv"),
                "time,a",
            );
        } finally {
            second.remove();
        }
        await isWell();
    });

    it("resets passwords that were changed outside (row 9)", async () => {
        postgres.sql(`ALTER ROLE "flts.test.mlflow" PASSWORD 'changed'`);
        await heals(/^PostgreSQL +role +flts\.test\.mlflow +refuses the password of its Secret$/m);
        await isWell();
    });

    it("resets attributes and memberships of a role that were changed outside", async () => {
        postgres.sql('ALTER ROLE "flts.test.mlflow" SUPERUSER CREATEDB');
        postgres.sql('REVOKE pg_monitor FROM "flts.test.monitoring"');
        postgres.sql('GRANT pg_read_all_data TO "flts.test.monitoring"');
        await heals(
            /role +flts\.test\.mlflow +should be NOSUPERUSER, NOCREATEDB/,
            /role +flts\.test\.monitoring +is not a member of pg_monitor; is a member of pg_read_all_data/,
        );
        await isWell();
    });

    it("imports a database and roles that the state lost", async () => {
        for (const name of ["Database::mlflow", "Role::mlflow", "Role::monitoring"]) {
            const urn = (await stack.urns()).find((one) => one.endsWith(name)) ?? "";
            await stack.forget(urn);
        }
        await heals(
            /role +flts\.test\.mlflow +in PostgreSQL, not in the state/,
            /database +mlflow +in PostgreSQL, not in the state/,
        );
        await isWell();
    });

    it("makes a public bucket private again (row 10)", async () => {
        await client.opens("dataset");
        assert.equal(await client.as("", "").object("dataset", "series.csv"), "time,a");
        await heals(/bucket +dataset +has a bucket policy that lets others in/);
        await assert.rejects(client.as("", "").object("dataset", "series.csv"), /403/);
        await isWell();
    });

    it("creates a Secret again that is missing or has other values", async () => {
        rmSync(stack.secretFile("train-object-store"));
        await heals(/^Kubernetes +secret +train-object-store +in the state, not in Kubernetes$/m);
        await isWell();
        const file = stack.secretFile("eval-object-store");
        writeFileSync(file, readFileSync(file, "utf8").replace(/secretKey: .*/, "secretKey: b3RoZXI="));
        await heals(/secret +eval-object-store +its values are not those of the state/);
        await isWell();
    });

    it("does nothing while a server is unavailable", async () => {
        const before = await stack.urns();
        await minio.stop();
        await assert.rejects(doctor(true), /MinIO on 127\.0\.0\.1:\d+ cannot be used: .*Nothing was changed/);
        await minio.start();
        await postgres.stop();
        await assert.rejects(
            doctor(true),
            /PostgreSQL on 127\.0\.0\.1:\d+ cannot be used: .*Nothing was changed/,
        );
        await postgres.start();
        assert.deepEqual(await stack.urns(), before);
        await isWell();
    });
});
