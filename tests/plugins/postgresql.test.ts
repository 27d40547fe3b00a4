import assert from "node:assert/strict";
import { PostgresServer } from "./support/servers";
import { TestStack, type Declared } from "./support/stack";

const role = (properties: Record<string, unknown> = {}): Declared => ({
    type: "postgresql.Role",
    name: "owner",
    properties: { name: "owner", login: true, password: { $secret: "owner's-password-1" }, ...properties },
});

const database = (properties: Record<string, unknown> = {}): Declared => ({
    type: "postgresql.Database",
    name: "database",
    properties: { name: "records", owner: "owner", ...properties },
});

const grant = (privileges: readonly string[], properties: Record<string, unknown> = {}): Declared => ({
    type: "postgresql.Grant",
    name: "connect",
    properties: { database: "records", role: "reader", objectType: "database", privileges, ...properties },
});

const reader: Declared = { type: "postgresql.Role", name: "reader", properties: { name: "reader" } };
const extension: Declared = {
    type: "postgresql.Extension",
    name: "extension",
    properties: { name: "pgcrypto", database: "records" },
};

const everything: readonly Declared[] = [role(), reader, database(), grant(["CONNECT"]), extension];

/** The engine's stack and the provider resource are created too. */
const others = 2;

function changed(replacement: Declared): readonly Declared[] {
    return everything.map((one) => (one.name === replacement.name ? replacement : one));
}

describe("plugin postgresql on a real server", function () {
    this.timeout(300_000);
    let server: PostgresServer;
    let stack: TestStack;

    before(async () => {
        server = await PostgresServer.create();
        await server.start();
        stack = await TestStack.create({ postgresql: server.settings() });
    });
    after(async () => {
        stack.remove();
        await server.remove();
    });

    const owned = (name: string): string =>
        server.sql(`SELECT pg_get_userbyid(datdba), datcollate, pg_encoding_to_char(encoding), datconnlimit
            FROM pg_database WHERE datname = '${name}'`);

    it("previews without a connection", async () => {
        await server.stop();
        assert.deepEqual(await stack.preview(everything), { create: everything.length + others });
        await server.start();
    });

    it("creates, and finds nothing to change afterwards", async () => {
        assert.equal((await stack.up(everything)).created, everything.length + others);
        assert.equal(owned("records"), "owner|C|UTF8|-1");
        assert.equal(server.sql("SELECT current_user", "records", "owner", "owner's-password-1"), "owner");
        assert.deepEqual(await stack.up(everything), {});
        assert.deepEqual(await stack.refresh(), {});
        assert.deepEqual(await stack.up(everything), {});
    });

    it("lets the owner make tables in its database", () => {
        server.sql("CREATE TABLE measurements (at timestamptz)", "records", "owner", "owner's-password-1");
    });

    it("keeps passwords out of the state's clear text", async () => {
        const state = await stack.rawState();
        assert.ok(!state.includes("owner's-password-1"));
        assert.ok(!state.includes(server.password));
        assert.equal((await stack.outputs("owner")).password, "owner's-password-1");
    });

    it("rotates a password in place", async () => {
        const rotated = changed(role({ password: { $secret: "owner-password-2" } }));
        assert.deepEqual(await stack.preview(rotated), { update: 1 });
        assert.deepEqual(await stack.up(rotated), { updated: 1 });
        assert.equal(server.sql("SELECT 1", "records", "owner", "owner-password-2"), "1");
        assert.throws(
            () => server.sql("SELECT 1", "records", "owner", "owner's-password-1"),
            /authentication failed/,
        );
        await stack.up(everything);
    });

    it("updates in place what can be updated", async () => {
        assert.deepEqual(await stack.up(changed(database({ connectionLimit: 5, owner: "reader" }))), {
            updated: 1,
        });
        assert.equal(owned("records"), "reader|C|UTF8|5");
    });

    it("replaces a database whose encoding changes, the old one first", async () => {
        const ascii = changed(database({ encoding: "SQL_ASCII" }));
        assert.equal((await stack.up(ascii)).replaced, 1);
        assert.equal(owned("records"), "owner|C|SQL_ASCII|-1");
        assert.deepEqual(await stack.up(everything), {}, "an encoding that is not given is kept");
        assert.equal((await stack.up(changed(database({ encoding: "UTF8" })))).replaced, 1);
        // The grant and the extension went with the database: a refresh finds out, an update makes them again.
        await stack.refresh();
        await stack.up(everything);
        assert.equal(server.sql("SELECT has_database_privilege('reader', 'records', 'CONNECT')"), "t");
        assert.equal(
            server.sql("SELECT count(*) FROM pg_extension WHERE extname = 'pgcrypto'", "records"),
            "1",
        );
    });

    it("sets, changes and takes away privileges", async () => {
        const held = (privilege: string): string =>
            server.sql(`SELECT count(*) FROM pg_database, aclexplode(datacl)
                WHERE datname = 'records' AND grantee = 'reader'::regrole AND privilege_type = '${privilege}'`);
        assert.equal(held("CREATE"), "0");
        assert.deepEqual(await stack.up(changed(grant(["CONNECT", "CREATE"]))), { updated: 1 });
        assert.equal(held("CREATE"), "1");
        assert.deepEqual(await stack.up(everything), { updated: 1 });
        assert.equal(held("CREATE"), "0");
        assert.equal(held("CONNECT"), "1");
    });

    it("grants on the tables of a schema", async () => {
        server.sql(
            "CREATE TABLE IF NOT EXISTS readings (at timestamptz)",
            "records",
            "owner",
            "owner's-password-1",
        );
        const tables: Declared = {
            ...grant(["SELECT"], { objectType: "table", schema: "public" }),
            name: "tables",
        };
        assert.deepEqual(await stack.up([...everything, tables]), { created: 1 });
        assert.equal(
            server.sql("SELECT has_table_privilege('reader', 'readings', 'SELECT')", "records"),
            "t",
        );
        server.sql("REVOKE SELECT ON readings FROM reader", "records");
        assert.deepEqual(await stack.refresh(), { updated: 1 });
        assert.deepEqual(await stack.up([...everything, tables]), { updated: 1 });
        assert.deepEqual(await stack.up(everything), { deleted: 1 });
        assert.equal(
            server.sql("SELECT has_table_privilege('reader', 'readings', 'SELECT')", "records"),
            "f",
        );
    });

    it("sees and repairs drift, and unless it is strict that of a password", async () => {
        stack.setStrict(false);
        server.sql("ALTER ROLE owner PASSWORD 'changed behind our back' CONNECTION LIMIT 3");
        server.sql("ALTER DATABASE records OWNER TO postgres");
        assert.deepEqual(await stack.refresh(), { updated: 2 });
        assert.deepEqual(await stack.up(everything), { updated: 2 });
        assert.equal(server.sql("SELECT current_user", "records", "owner", "owner's-password-1"), "owner");
        assert.equal(owned("records"), "owner|C|UTF8|-1");
        server.sql("DROP DATABASE records");
        assert.deepEqual(await stack.refresh(), { deleted: 3 });
        assert.deepEqual(await stack.up(everything), { created: 3 });
        stack.setStrict(true);
    });

    it("imports roles, databases and extensions", async () => {
        const twin = await TestStack.create({ postgresql: server.settings() });
        const imports: readonly (readonly [Declared, string])[] = [
            [reader, "reader"],
            [database(), "records"],
            [extension, "records.pgcrypto"],
        ];
        const declared = imports.map(([one, id]) => ({ ...one, options: { import: id } }));
        assert.equal((await twin.up(declared)).imported, imports.length);
        assert.deepEqual(await twin.up(imports.map(([one]) => one)), {});
        twin.remove();
    });

    it("keeps every resource when the server is down during a refresh", async () => {
        await server.stop();
        const before = (await stack.resources()).length;
        const refresh = await stack.run("refresh", "--yes", "--skip-preview");
        assert.ok(!refresh.ok);
        assert.match(refresh.text, /PostgreSQL server 127\.0\.0\.1:\d+: .*connection refused/s);
        assert.equal((await stack.resources()).length, before);
        await server.start();
        assert.deepEqual(await stack.refresh(), {});
    });

    it("names what is wrong without showing the password", async () => {
        assert.match(
            await stack.upFails([...everything, { ...role(), name: "again" }]),
            /creating postgresql:index\/role:Role "again": .*role "owner" already exists/,
        );
        const refused = await stack.upFails(changed(grant(["FLY"])));
        assert.match(refused, /privilege "FLY" does not exist for objectType "database": it must be one of/);
        const missing = await stack.upFails([
            ...everything,
            { ...database({ owner: "nobody", name: "n" }), name: "n" },
        ]);
        assert.match(missing, /role "nobody" does not exist/);
        for (const output of [refused, missing]) {
            assert.ok(!output.includes("owner's-password-1") && !output.includes(server.password));
        }
    });

    it("deletes everything, even while someone is connected", async () => {
        await server.session("records");
        await stack.destroy();
        assert.deepEqual(await stack.resources(), []);
        assert.equal(server.sql("SELECT count(*) FROM pg_database WHERE datname = 'records'"), "0");
        assert.equal(server.sql("SELECT count(*) FROM pg_roles WHERE rolname IN ('owner', 'reader')"), "0");
    });
});
