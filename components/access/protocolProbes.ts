import { connect } from "node:net";

/** Asks a server whether it can serve now; resolves when it can, rejects with the reason when not. */
export type ProtocolProbe = (host: string, port: number) => Promise<void>;

/** Milliseconds one attempt may take before it counts as "no answer". */
const ATTEMPT_TIMEOUT = 5000;

/**
 * Sends a PostgreSQL start-up packet and expects a request for authentication.
 *
 * A connected socket proves little: PostgreSQL accepts connections while it still recovers and answers them with
 * an error. Format: https://www.postgresql.org/docs/15/protocol-message-formats.html, "StartupMessage".
 */
export const postgresProbe: ProtocolProbe = (host, port) =>
    new Promise((resolve, reject) => {
        const socket = connect({ host, port });
        const finish = (error?: Error): void => {
            socket.destroy();
            if (error === undefined) {
                resolve();
            } else {
                reject(error);
            }
        };
        socket.setTimeout(ATTEMPT_TIMEOUT, () => {
            finish(new Error("no answer to a start-up packet"));
        });
        socket.once("error", finish);
        socket.once("close", () => {
            finish(new Error("the connection was closed before an answer came"));
        });
        socket.once("connect", () => {
            socket.write(startupPacket("postgres"));
        });
        socket.once("data", (answer) => {
            const kind = String.fromCharCode(answer[0] ?? 0);
            finish(kind === "R" ? undefined : new Error(`PostgreSQL answered: ${printable(answer)}`));
        });
    });

/** Protocol version 3.0 and the user name, length first. */
export function startupPacket(user: string): Buffer {
    const parameters = Buffer.from(`user\0${user}\0database\0postgres\0\0`, "latin1");
    const header = Buffer.alloc(8);
    header.writeInt32BE(header.length + parameters.length, 0);
    header.writeInt32BE(3 << 16, 4);
    return Buffer.concat([header, parameters]);
}

/**
 * Expects 200 from MinIO's readiness endpoint, without the header that says it is still starting.
 *
 * MinIO answers 200 with `x-minio-server-status: offline` before its object layer and its users are loaded; a
 * provider that asks then is told that buckets do not exist.
 *
 * @param secure whether the server speaks TLS.
 */
export function objectStoreProbe(secure: boolean): ProtocolProbe {
    return async (host, port) => {
        const answer = await fetch(`${secure ? "https" : "http"}://${host}:${port}/minio/health/ready`, {
            headers: { connection: "close" },
            signal: AbortSignal.timeout(ATTEMPT_TIMEOUT),
        });
        await answer.arrayBuffer();
        const status = answer.headers.get("x-minio-server-status");
        if (!answer.ok || status === "offline") {
            throw new Error(
                `MinIO is not ready: HTTP ${answer.status}${status === null ? "" : `, ${status}`}`,
            );
        }
    };
}

function printable(bytes: Buffer): string {
    return bytes
        .toString("latin1")
        .replace(/[^\x20-\x7e]+/g, " ")
        .trim();
}

export interface RetryOptions {
    /** Seconds to go on trying. */
    readonly timeout: number;
    /** Milliseconds between attempts. */
    readonly interval: number;
}

/**
 * Repeats a probe until it succeeds.
 *
 * @throws the last reason, once the time is over.
 */
export async function untilAnswered(
    probe: () => Promise<void>,
    { timeout, interval }: RetryOptions,
): Promise<void> {
    const deadline = Date.now() + timeout * 1000;
    for (;;) {
        try {
            await probe();
            return;
        } catch (error) {
            if (Date.now() + interval >= deadline) {
                throw error;
            }
        }
        await new Promise((resolve) => setTimeout(resolve, interval));
    }
}
