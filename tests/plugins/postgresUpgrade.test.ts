import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { dumpScript, RESTORE_SCRIPT, SCRATCH_DIRECTORY } from "../../components/operations/backupDatabase";
import { USERS_SCHEMA } from "../../components/infrastructure/mlflow/mlflow";
import { run } from "../support/commands";
import { PostgresServer } from "./support/servers";

const ROLE = "mlflow";
const PASSWORD = "password-of-mlflow";

/** What MLflow's schema is made of: keys, checks, indexes, sequences, large values, and the users' schema beside it. */
const SCHEMA = `
    CREATE TABLE experiments (experiment_id serial PRIMARY KEY, name varchar(256) NOT NULL UNIQUE);
    CREATE TABLE runs (run_uuid varchar(32) PRIMARY KEY, status varchar(9),
        start_time bigint CHECK (start_time > 0), experiment_id integer REFERENCES experiments);
    CREATE TABLE metrics (run_uuid varchar(32) REFERENCES runs, key varchar(250), value double precision, is_nan boolean DEFAULT false,
        PRIMARY KEY (run_uuid, key));
    CREATE TABLE artifacts (id serial PRIMARY KEY, content bytea, detail json);
    CREATE INDEX index_metrics_key ON metrics (key, value);
    INSERT INTO experiments (name) SELECT 'series-' || i FROM generate_series(1, 100) i;
    INSERT INTO runs SELECT md5(i::text), 'FINISHED', 1700000000000 + i, i % 100 + 1 FROM generate_series(1, 2000) i;
    INSERT INTO metrics SELECT run_uuid, 'test_rmse', start_time / 7.0 FROM runs;
    INSERT INTO artifacts (content, detail) SELECT decode(repeat(md5(i::text), 400), 'hex'), '{"Größe": "µ"}' FROM generate_series(1, 20) i;
    CREATE SCHEMA ${USERS_SCHEMA};
    CREATE TABLE ${USERS_SCHEMA}.users (name text);`;

/** All rows by digest, indexes and constraints by their definition, the sequences' next numbers, and who owns them. */
const CONTENT = `
    SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM experiments t;
    SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM runs t;
    SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM metrics t;
    SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM artifacts t;
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1;
    SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY 1, 2;
    SELECT relname, relkind, relowner::regrole FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1;
    SELECT last_value, is_called FROM experiments_experiment_id_seq`;

describe("the change from PostgreSQL 15 to 17", function () {
    // The packages of the Python tests are installed where they are not there yet.
    this.timeout(10 * 60_000);

    const folder = mkdtempSync(join(tmpdir(), "flts-upgrade-"));
    let old: PostgresServer;
    let next: PostgresServer;
    let content: string;

    const contentOf = (server: PostgresServer): string => server.sql(CONTENT, ROLE, ROLE, PASSWORD);

    /** The database and its owner, as the stack declares them. */
    function declare(server: PostgresServer): void {
        server.sql(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}'`);
        server.sql(`CREATE DATABASE ${ROLE} OWNER ${ROLE}`);
    }

    /** Runs a step of the backup's or the restore's pod, with the programs of the server's version or of another one. */
    function step(server: PostgresServer, script: string, { programs } = server): ReturnType<typeof run> {
        return run("sh", ["-c", script.replaceAll(SCRATCH_DIRECTORY, folder)], {
            environment: {
                PATH: [programs, process.env.PATH].join(delimiter),
                PGHOST: "127.0.0.1",
                PGPORT: String(server.port),
                PGDATABASE: ROLE,
                PGUSER: ROLE,
                PGPASSWORD: PASSWORD,
            },
        });
    }

    async function done(outcome: ReturnType<typeof run>): Promise<void> {
        const { code, everything } = await outcome;
        assert.equal(code, 0, everything);
    }

    before(async () => {
        [old, next] = [await PostgresServer.create("15"), await PostgresServer.create("17")];
        await Promise.all([old.start(), next.start()]);
        declare(old);
        declare(next);
        old.sql(SCHEMA, ROLE, ROLE, PASSWORD);
        content = contentOf(old);
        await done(step(old, dumpScript("15")));
    });

    after(async () => {
        await Promise.all([old.remove(), next.remove()]);
        rmSync(folder, { recursive: true });
    });

    it("the dump of the old server is restored into the new one: rows, keys, indexes, sequences and owners", async () => {
        await done(step(next, RESTORE_SCRIPT));
        assert.equal(contentOf(next), content);
        assert.match(next.sql("SHOW server_version"), /^17\./);
        assert.match(old.sql("SHOW server_version"), /^15\./);
    });

    it("the dump can be restored a second time over existing data", async () => {
        await done(step(next, RESTORE_SCRIPT));
        assert.equal(contentOf(next), content);
    });

    it("the dump of the old server restores the old version", async () => {
        old.sql(`DROP DATABASE ${ROLE} WITH (FORCE)`);
        old.sql(`CREATE DATABASE ${ROLE} OWNER ${ROLE}`);
        await done(step(old, RESTORE_SCRIPT));
        assert.equal(contentOf(old), content);
    });

    it("programs of another version refuse to dump a server, since they could not restore the dump there", async () => {
        for (const [server, other, version] of [
            [old, next, "17"],
            [next, old, "15"],
        ] as const) {
            const { code, everything } = await step(server, dumpScript(version), other);
            assert.equal(code, 1);
            assert.match(everything, /the server is PostgreSQL 1[57], and .*flts:postgres\.version/);
        }
    });

    it("the new server does not start on the old one's files, and the old one can still read them", async () => {
        await old.stop();
        const files = readdirSync(old.data).sort();
        const { code, everything } = await run("setpriv", [
            ...(process.getuid?.() === 0 ? ["--reuid=65534", "--regid=65534", "--clear-groups"] : []),
            join(next.programs, "postgres"),
            "-D",
            old.data,
        ]);
        assert.notEqual(code, 0);
        assert.match(everything, /database files are incompatible with server/);
        assert.deepEqual(readdirSync(old.data).sort(), files);
        await old.start();
        assert.equal(contentOf(old), content);
    });
});
