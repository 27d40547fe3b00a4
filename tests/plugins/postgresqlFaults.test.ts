import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { PostgresServer } from "./support/servers";
import { TestStack, type Declared } from "./support/stack";

const role = (name: string, properties: Record<string, unknown> = {}): Declared => ({
    type: "postgresql.Role",
    name,
    properties: { name, login: true, password: { $secret: `${name}-password` }, ...properties },
});

/** A database that needs no other resource of the program. */
const database = (name: string): Declared => ({
    type: "postgresql.Database",
    name: `database-${name}`,
    properties: { name, owner: "postgres" },
    options: { dependsOn: [] },
});

const six = [1, 2, 3, 4, 5, 6].map((number) => database(`many_${number}`));

/** The rows of README.md, in their order. */
describe("plugin postgresql in strict mode, with the faults of the official plugin", function () {
    this.timeout(300_000);
    let server: PostgresServer;
    let stack: TestStack;

    before(async () => {
        server = await PostgresServer.create();
        await server.start();
    });
    beforeEach(async () => {
        stack = await TestStack.create({ postgresql: server.settings() });
    });
    afterEach(() => {
        stack.remove();
    });
    after(async () => {
        await server.remove();
    });

    const databases = (): number =>
        Number(server.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'many%'"));

    it("7: cannot remove a database that is already gone until a refresh", async () => {
        await stack.up([role("keeper"), database("gone")]);
        server.sql("DROP DATABASE gone");
        assert.match(
            await stack.upFails([role("keeper")]),
            /error blocking connections to database: .*"gone" does not exist/,
        );
        await stack.refresh();
        await stack.up([role("keeper")]);
        await stack.destroy();
    });

    it("7: cannot remove a role that is already gone until a refresh", async () => {
        await stack.up([role("keeper"), role("gone")]);
        server.sql("DROP ROLE gone");
        assert.match(await stack.upFails([role("keeper")]), /role "gone" does not exist/);
        await stack.refresh();
        await stack.up([role("keeper")]);
        await stack.destroy();
    });

    it("9: does not see a password that was changed outside", async () => {
        await stack.up([role("reader")]);
        server.sql("ALTER ROLE reader PASSWORD 'changed'");
        assert.deepEqual(await stack.refresh(), {});
        assert.deepEqual(await stack.up([role("reader")]), {});
        assert.throws(
            () => server.sql("SELECT 1", "postgres", "reader", "reader-password"),
            /authentication failed/,
        );
        assert.equal(server.sql("SELECT 1", "postgres", "reader", "changed"), "1");
        await stack.destroy();
    });

    const fourConnections = (): Record<string, Record<string, unknown>> => ({
        postgresql: { ...server.settings(), maxConnections: 4 },
    });

    /** Waits until so many connections wait for the lock that one of the four holds. */
    const waiting = async (connections: number): Promise<void> => {
        const deadline = Date.now() + 60_000;
        while (server.waiting() < connections) {
            assert.ok(Date.now() < deadline, `${server.waiting()} connections wait, not ${connections}`);
            await sleep(100);
        }
    };

    /** Lets the first database wait until the others have come: they would find it done on a slow machine. */
    const together = async (): Promise<void> => {
        const release = await server.holdDatabases();
        try {
            await waiting(2);
            await sleep(3_000);
        } finally {
            release();
        }
    };

    /** Returns when one connection holds the lock, the other three wait for it, and nothing changes for five seconds. */
    const stuck = async (): Promise<void> => {
        await together();
        await waiting(3);
        const before = databases();
        await sleep(5_000);
        assert.equal(server.waiting(), 3);
        assert.equal(databases(), before);
    };

    const dropAll = (): void => {
        for (const { properties } of six) {
            server.sql(`DROP DATABASE IF EXISTS ${String(properties?.name)}`);
        }
    };

    it("11: hangs when six databases are made at once over four connections", async () => {
        stack.setProviders(fourConnections());
        const interrupted = await stack.interrupted("up", six, stuck);
        assert.ok(!interrupted.ok, interrupted.text);
        dropAll();
    });

    it("11: hangs when six databases are dropped at once over four connections", async () => {
        await stack.up(six);
        stack.setProviders(fourConnections());
        await stack.up(six);
        const interrupted = await stack.interrupted("destroy", six, stuck);
        assert.ok(!interrupted.ok, interrupted.text);
        dropAll();
    });

    it("11: makes and drops four databases at once over four connections", async () => {
        stack.setProviders(fourConnections());
        await Promise.all([stack.up(six.slice(0, 4)), together()]);
        assert.equal(databases(), 4);
        await Promise.all([stack.destroy(), together()]);
        assert.equal(databases(), 0);
    });

    it("11: makes and drops six databases at once over the default's twenty connections", async () => {
        await stack.up(six);
        assert.equal(databases(), six.length);
        await stack.destroy();
        assert.equal(databases(), 0);
    });

    it("11: a lenient plugin makes and drops six databases at once over four connections", async () => {
        stack.setStrict(false);
        stack.setProviders(fourConnections());
        await stack.up(six);
        assert.equal(databases(), six.length);
        await stack.destroy();
        assert.equal(databases(), 0);
    });

    for (const strict of [true, false]) {
        it(`12: says what to set for a role that is not a superuser, and heals once it is set (strict: ${strict})`, async () => {
            server.sql("CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD 'manager-password'");
            const settings = {
                ...server.settings(),
                username: "manager",
                password: { $secret: "manager-password" },
            };
            stack.setStrict(strict);
            stack.setProviders({ postgresql: settings });
            const hint = /connected user manager is not a SUPERUSER\. You can set `superuser = false`/;
            assert.match(await stack.upFails([role("made")]), hint);
            assert.match(await stack.upFails([role("made")]), hint);
            stack.setProviders({ postgresql: { ...settings, superuser: false } });
            await stack.up([role("made")]);
            assert.equal(server.sql("SELECT current_user", "postgres", "made", "made-password"), "made");
            assert.deepEqual(await stack.refresh(), {});
            assert.deepEqual(await stack.up([role("made")]), {});
            await stack.destroy();
            assert.equal(server.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'made'"), "0");
            server.sql("DROP ROLE manager");
        });
    }

    it("takes over a lenient plugin's state without a change, and hands it back", async () => {
        stack.setStrict(false);
        const resources = [role("reader"), database("records")];
        await stack.up(resources);
        for (const strict of [true, false]) {
            stack.setStrict(strict);
            assert.deepEqual(await stack.up(resources), {});
            assert.deepEqual(await stack.refresh(), {});
            assert.deepEqual(await stack.up(resources), {});
        }
        await stack.destroy();
    });
});
