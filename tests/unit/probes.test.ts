import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";
import { objectStoreProbe, postgresProbe } from "../../components/access/protocolProbes";
import { Refusal, untilAnswered } from "../../components/access/untilAnswered";

async function listening(server: Server): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
}

/** A server that answers every first message with the same bytes. */
async function answering(answer: string): Promise<{ server: Server; port: number }> {
    const server = createServer((socket) => socket.once("data", () => socket.end(answer, "latin1")));
    return { server, port: await listening(server) };
}

describe("protocol probes", () => {
    const login = { user: "root", password: "a password of the tests" };

    /** An error of PostgreSQL: https://www.postgresql.org/docs/17/protocol-error-fields.html */
    const postgresError = (code: string, message: string): string => {
        const fields = `SFATAL\0C${code}\0M${message}\0\0`;
        const length = Buffer.alloc(4);
        length.writeInt32BE(fields.length + 4);
        return `E${length.toString("latin1")}${fields}`;
    };

    it("an error means not ready: PostgreSQL accepts connections while it recovers", async () => {
        const { server, port } = await answering(
            postgresError("57P03", "the database system is starting up"),
        );
        const error = await postgresProbe("disable")("127.0.0.1", port, login).catch(
            (reason: unknown) => reason,
        );
        assert.match(String(error), /the database system is starting up/);
        assert.ok(!(error instanceof Refusal));
        server.close();
    });

    it("a wrong password for PostgreSQL is final", async () => {
        const { server, port } = await answering(postgresError("28P01", "password authentication failed"));
        await assert.rejects(postgresProbe("disable")("127.0.0.1", port, login), (error: Error) => {
            assert.ok(error instanceof Refusal);
            assert.match(error.message, /refuses the login of root: password authentication failed/);
            assert.doesNotMatch(error.message, /a password of the tests/);
            return true;
        });
        server.close();
    });

    const list = "<?xml version='1.0'?><ListAllMyBucketsResult></ListAllMyBucketsResult>";
    const code = (name: string): string => `<Error><Code>${name}</Code></Error>`;
    interface Answers {
        readonly title: string;
        readonly ready?: number;
        readonly offline?: boolean;
        readonly status: number;
        readonly body: string;
        readonly refusal: boolean;
        readonly message: RegExp;
    }
    const cases: readonly Answers[] = [
        {
            title: "offline",
            offline: true,
            status: 200,
            body: list,
            refusal: false,
            message: /not ready.*offline/,
        },
        {
            title: "not ready",
            ready: 503,
            status: 200,
            body: list,
            refusal: false,
            message: /not ready: HTTP 503/,
        },
        {
            title: "ready without its users",
            status: 503,
            body: code("XMinioServerNotInitialized"),
            refusal: false,
            message: /HTTP 503 XMinioServerNotInitialized/,
        },
        {
            title: "of another root user",
            status: 403,
            body: code("InvalidAccessKeyId"),
            refusal: true,
            message: /refuses the login of root: HTTP 403 InvalidAccessKeyId/,
        },
        {
            title: "of another password",
            status: 403,
            body: code("SignatureDoesNotMatch"),
            refusal: true,
            message: /HTTP 403 SignatureDoesNotMatch/,
        },
        {
            title: "another server, with 404",
            ready: 404,
            status: 404,
            body: "",
            refusal: true,
            message: /not MinIO: HTTP 404/,
        },
        {
            title: "another server, with a page",
            status: 200,
            body: "<html>",
            refusal: true,
            message: /not MinIO: HTTP 200/,
        },
        {
            title: "another server, that redirects",
            ready: 302,
            status: 302,
            body: "",
            refusal: true,
            message: /HTTP 302/,
        },
    ];
    for (const { title, ready, offline, status, body, refusal, message } of cases) {
        it(`a server that is ${title} does not count as ready`, async () => {
            const server = createHttpServer((request, response) => {
                if (request.url?.startsWith("/minio/health")) {
                    response
                        .writeHead(ready ?? 200, offline ? { "x-minio-server-status": "offline" } : {})
                        .end();
                } else {
                    response.writeHead(status).end(body);
                }
            });
            const port = await listening(server);
            const error = await objectStoreProbe(false)("127.0.0.1", port, login).catch(
                (reason: unknown) => reason,
            );
            server.close();
            assert.match(String(error), message);
            assert.equal(error instanceof Refusal, refusal);
        });
    }

    it("requests to MinIO are signed, and a list of buckets means ready", async () => {
        let signature: string | undefined;
        const server = createHttpServer((request, response) => {
            signature = request.headers.authorization ?? signature;
            response.writeHead(200).end(list);
        });
        const port = await listening(server);
        await objectStoreProbe(false)("127.0.0.1", port, login);
        server.close();
        assert.match(
            signature ?? "",
            /^AWS4-HMAC-SHA256 Credential=root\/\d{8}\/us-east-1\/s3\/aws4_request/,
        );
    });

    it("probes are repeated until they succeed, or the time is over", async () => {
        let attempts = 0;
        const third = (): Promise<void> =>
            ++attempts < 3 ? Promise.reject(new Error("not yet")) : Promise.resolve();
        await untilAnswered(third, { timeout: 5, interval: 1, patience: 5 });
        assert.equal(attempts, 3);
        for (const answer of [false, undefined, "yes"]) {
            const given = await untilAnswered(() => Promise.resolve(answer), {
                timeout: 5,
                interval: 1,
                patience: 5,
            });
            assert.equal(given, answer);
        }
        await assert.rejects(
            untilAnswered(() => Promise.reject(new Error("never")), {
                timeout: 0.02,
                interval: 5,
                patience: 5,
            }),
            /never/,
        );
    });

    it("probes are not repeated for long when the answer is final", async () => {
        let attempts = 0;
        const refused = (): Promise<void> => Promise.reject(new Refusal(`refused ${++attempts} times`));
        const started = Date.now();
        await assert.rejects(untilAnswered(refused, { timeout: 50, interval: 5, patience: 2 }), /refused/);
        assert.ok(attempts > 1);
        assert.ok(Date.now() - started < 40_000);
    });
});
