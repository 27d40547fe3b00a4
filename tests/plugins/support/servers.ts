import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { PostgresVersion } from "../../../components/infrastructure/postgres/postgresConfig";
import { minioProgram, postgresPrograms } from "./tools";
import { freePort } from "../../support/freePort";

/** Longest wait for a server to answer, in milliseconds. */
const startTimeout = 30_000;
/** `nobody` and `nogroup` of Debian: PostgreSQL refuses to run as root. */
const unprivileged = 65534;

/** A server process that a test can stop and start again over the same data. */
abstract class Server {
    protected readonly directory = mkdtempSync(join(tmpdir(), "flts-server-"));
    private child: ChildProcess | undefined;
    private log = "";

    protected constructor(readonly port: number) {}

    protected abstract launch(): ChildProcess;
    protected abstract answers(): Promise<boolean> | boolean;

    async start(): Promise<void> {
        const child = this.launch();
        this.child = child;
        child.stdout?.on("data", (data: Buffer) => (this.log += data.toString()));
        child.stderr?.on("data", (data: Buffer) => (this.log += data.toString()));
        const deadline = Date.now() + startTimeout;
        while (!(await this.answers())) {
            if (child.exitCode !== null || Date.now() > deadline) {
                throw new Error(`${child.spawnfile} did not come up on port ${this.port}:\n${this.log}`);
            }
            await sleep(100);
        }
    }

    async stop(): Promise<void> {
        const child = this.child;
        this.child = undefined;
        if (child?.exitCode === null) {
            const ended = new Promise((resolve) => child.once("exit", resolve));
            child.kill("SIGINT");
            await ended;
        }
    }

    async remove(): Promise<void> {
        await this.stop();
        rmSync(this.directory, { recursive: true, force: true });
    }
}

export class MinioServer extends Server {
    readonly user = "flts-test-root";
    /** Password of the root user from the next start on. */
    password = "flts-test-root-password";

    static async create(): Promise<MinioServer> {
        return new MinioServer(await freePort("127.0.0.1"));
    }

    protected launch(): ChildProcess {
        const address = `127.0.0.1:${this.port}`;
        return spawn(minioProgram(), ["server", "--quiet", "--address", address, this.directory], {
            env: {
                ...process.env,
                MINIO_ROOT_USER: this.user,
                MINIO_ROOT_PASSWORD: this.password,
                MINIO_BROWSER: "off",
            },
        });
    }

    protected async answers(): Promise<boolean> {
        try {
            return (await fetch(`http://127.0.0.1:${this.port}/minio/health/cluster`)).ok;
        } catch {
            return false;
        }
    }

    /** Stops the server, loses all it holds, and starts it again. */
    async loseData(): Promise<void> {
        await this.stop();
        rmSync(this.directory, { recursive: true });
        mkdirSync(this.directory);
        await this.start();
    }

    /** Settings of minio.Provider for this server. */
    settings(): Record<string, unknown> {
        return {
            minioServer: `127.0.0.1:${this.port}`,
            minioUser: this.user,
            minioPassword: { $secret: this.password },
            minioSsl: false,
        };
    }
}

export class PostgresServer extends Server {
    private readonly identity = process.getuid?.() === 0 ? { uid: unprivileged, gid: unprivileged } : {};
    readonly password = "flts-test-superuser-password";

    /** Makes an empty server of the version that new stacks have, or another one. */
    static async create(version: PostgresVersion = "17"): Promise<PostgresServer> {
        const server = new PostgresServer(await freePort("127.0.0.1"), postgresPrograms(version));
        server.initialise();
        return server;
    }

    private constructor(
        port: number,
        /** Folder of the programs of its version. */
        readonly programs: string,
    ) {
        super(port);
    }

    /** Folder of the server's files (PGDATA). */
    get data(): string {
        return join(this.directory, "data");
    }

    private initialise(): void {
        mkdirSync(this.data);
        chmodSync(this.data, 0o700);
        if ("uid" in this.identity) {
            chownSync(this.directory, unprivileged, unprivileged);
            chownSync(this.data, unprivileged, unprivileged);
        }
        const passwordFile = join(this.directory, "password");
        writeFileSync(passwordFile, this.password);
        const parameters = ["--pgdata", this.data, "--username", "postgres", "--auth", "scram-sha-256"];
        const made = spawnSync(
            join(this.programs, "initdb"),
            [...parameters, "--pwfile", passwordFile, "--no-sync"],
            {
                ...this.identity,
                cwd: this.directory,
                encoding: "utf8",
            },
        );
        if (made.status !== 0) {
            throw new Error(`initdb failed: ${made.error?.message ?? made.stderr}`);
        }
    }

    protected launch(): ChildProcess {
        const settings = [
            "fsync=off",
            "listen_addresses=127.0.0.1",
            `unix_socket_directories=${this.directory}`,
        ];
        return spawn(
            join(this.programs, "postgres"),
            ["-D", this.data, "-p", String(this.port), ...settings.flatMap((one) => ["-c", one])],
            { ...this.identity, cwd: this.directory },
        );
    }

    protected answers(): boolean {
        return this.execute("SELECT 1").status === 0;
    }

    private execute(statement: string, database = "postgres", user = "postgres", password = this.password) {
        const url = `postgres://${user}@127.0.0.1:${this.port}/${database}?sslmode=disable`;
        return spawnSync(join(this.programs, "psql"), [url, "-v", "ON_ERROR_STOP=1", "-Atc", statement], {
            env: { ...process.env, PGPASSWORD: password },
            encoding: "utf8",
        });
    }

    /** Runs a statement and returns its rows, one a line, columns separated by "|". */
    sql(statement: string, database?: string, user?: string, password?: string): string {
        const done = this.execute(statement, database, user, password);
        if (done.status !== 0) {
            throw new Error(done.stderr);
        }
        return done.stdout.trim();
    }

    /** Signs in to a database and stays there, until the server or someone ends the session. */
    async session(database: string): Promise<void> {
        const url = `postgres://postgres@127.0.0.1:${this.port}/${database}?sslmode=disable`;
        spawn(join(this.programs, "psql"), [url, "-c", "SELECT pg_sleep(3600)"], {
            env: { ...process.env, PGPASSWORD: this.password },
            stdio: "ignore",
        });
        const sessions = `SELECT count(*) FROM pg_stat_activity WHERE datname = '${database}' AND query ~ '^SELECT pg_sleep'`;
        while (this.sql(sessions) === "0") {
            await sleep(50);
        }
    }

    /** Makes all who create or drop a database wait until the function returned is called. */
    async holdDatabases(): Promise<() => void> {
        const url = `postgres://postgres@127.0.0.1:${this.port}/postgres?sslmode=disable`;
        const hold = "BEGIN; LOCK TABLE pg_database IN SHARE MODE; SELECT pg_sleep(3600)";
        spawn(join(this.programs, "psql"), [url, "-c", hold], {
            env: { ...process.env, PGPASSWORD: this.password },
            stdio: "ignore",
        });
        const holder = `FROM pg_locks WHERE relation = 'pg_database'::regclass AND mode = 'ShareLock' AND granted`;
        while (this.sql(`SELECT count(*) ${holder}`) === "0") {
            await sleep(50);
        }
        return () => this.sql(`SELECT pg_terminate_backend(pid) ${holder}`);
    }

    /** Connections of the plugin that wait for another one of it to release a lock. */
    waiting(): number {
        return Number(
            this.sql(`SELECT count(*) FROM pg_stat_activity
                WHERE application_name = 'Pulumi provider' AND wait_event = 'advisory'`),
        );
    }

    /** Settings of postgresql.Provider for this server. */
    settings(): Record<string, unknown> {
        return {
            host: "127.0.0.1",
            port: this.port,
            username: "postgres",
            password: { $secret: this.password },
            sslmode: "disable",
            expectedVersion: "15.0.0",
            connectTimeout: 5,
        };
    }
}
