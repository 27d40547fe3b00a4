import { Client } from "pg";
import type { Login } from "./login";
import { MinioClient } from "./minioClient";
import { Refusal } from "./untilAnswered";

/** Signs in at a server; resolves when the server can be used now, rejects with the reason when not. */
export type ProtocolProbe = (host: string, port: number, login: Login) => Promise<void>;

/** Milliseconds that a connection may take. */
const CONNECT_TIMEOUT = 5_000;

/** Milliseconds that a statement may take: a server that has just started on a busy node needs seconds. */
const QUERY_TIMEOUT = 20_000;

/** SQLSTATEs of a refused login: https://www.postgresql.org/docs/17/errcodes-appendix.html, class 28. */
const INVALID_LOGIN = ["28P01", "28000"];

/** How a client on this machine speaks to a PostgreSQL server. */
export type SslMode = "disable" | "require";

/** A connection's settings for the `pg` package; `require` encrypts and does not ask who the server is, as libpq means it. */
export function postgresClient(
    host: string,
    port: number,
    { user, password }: Login,
    sslMode: SslMode,
    database = "postgres",
): Client {
    return new Client({
        host,
        port,
        user,
        password,
        database,
        connectionTimeoutMillis: CONNECT_TIMEOUT,
        query_timeout: QUERY_TIMEOUT,
        ssl: sslMode === "require" ? { rejectUnauthorized: false } : false,
    });
}

/** True when PostgreSQL refused the login itself, and not the connection. */
export function isInvalidLogin(error: unknown): boolean {
    return INVALID_LOGIN.includes((error as { code?: string }).code ?? "");
}

/**
 * Signs in to PostgreSQL and runs a statement.
 *
 * A connected socket proves little: PostgreSQL accepts connections while it still recovers, and answers them with an
 * error.
 */
export function postgresProbe(sslMode: SslMode): ProtocolProbe {
    return async (host, port, login) => {
        const client = postgresClient(host, port, login, sslMode);
        // A connection that is cut later is reported here; without a listener it would end the program.
        client.on("error", () => undefined);
        try {
            await client.connect();
            await client.query("SELECT 1");
        } catch (error) {
            throw isInvalidLogin(error)
                ? new Refusal(`it refuses the login of ${login.user}: ${(error as Error).message}`)
                : error;
        } finally {
            // Not awaited: of a server that never answered there is nothing to wait for.
            client.end().catch(() => undefined);
        }
    };
}

/**
 * Expects MinIO to be ready, and to list its buckets for this login.
 *
 * MinIO lists buckets for its root user before its other users are loaded.
 * `@pulumi/minio` takes every error for "does not exist", so a server that refuses the login, or one that is not
 * MinIO at all, would cost the state its buckets.
 *
 * @param secure whether the server speaks TLS.
 */
export function objectStoreProbe(secure: boolean): ProtocolProbe {
    return async (host, port, login) => {
        const client = new MinioClient({ host, port, secure }, login);
        const { status, offline } = await client.readiness();
        if (status >= 500 || offline) {
            throw new Error(`MinIO is not ready: HTTP ${status}${offline ? ", offline" : ""}`);
        }
        const { status: answer, code } = await client.listsBuckets();
        if (answer === 200 && code === undefined) {
            return;
        }
        if (answer >= 500) {
            throw new Error(`MinIO is not ready: HTTP ${answer}${code === undefined ? "" : ` ${code}`}`);
        }
        throw new Refusal(
            code === undefined || code === ""
                ? `what answers there is not MinIO: HTTP ${answer} to a list of buckets`
                : `it refuses the login of ${login.user}: HTTP ${answer} ${code}`,
        );
    };
}
