import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { haproxyConfig, PUBLIC_PATHS, type HaproxyArgs } from "../../components/serving/haproxyConfig";
import { Balancer, until } from "./support/balancer";
import { NameServer } from "./support/dns";
import { withHaproxy } from "./support/haproxy";
import { FakePod } from "./support/pod";
import { freePort } from "../support/freePort";

const stable = { name: "inference", host: "stable.test" };
const BODY_SECONDS = 2;
/** Clients' addresses: all of 127.0.0.0/8 is this machine. */
const ATTACKER = "127.0.0.66";
const CLIENT = "127.0.0.7";

interface Reply {
    readonly status: number;
    readonly headers: NodeJS.Dict<string | string[]>;
    readonly body: string;
}

const pause = (milliseconds: number): Promise<void> => new Promise((wake) => setTimeout(wake, milliseconds));

describe("HAProxy before the forecast API", function () {
    this.timeout(60_000);
    withHaproxy();

    let balancer: Balancer;
    let names: NameServer;
    let pod: FakePod;
    let agents: Agent[];

    async function start(changes: Partial<HaproxyArgs> = {}): Promise<void> {
        names = new NameServer();
        const namePort = await names.listen();
        const port = await freePort();
        pod = new FakePod("127.77.1.1", port);
        await pod.start();
        names.records.set(stable.host, [pod.address]);
        balancer = new Balancer();
        agents = [];
        const configuration = haproxyConfig({
            stable,
            port,
            maximumServers: 2,
            maximumConnections: 1000,
            requestTimeoutSeconds: 5,
            bodySeconds: BODY_SECONDS,
            sourceLimits: { requestsPerSecond: 100_000, connections: 100 },
            trustedProxies: [],
            threads: 1,
            ...changes,
        });
        await balancer.start(configuration, namePort);
        await balancer.serversUp("inference", 1);
    }

    afterEach(() => {
        for (const agent of agents) {
            agent.destroy();
        }
        balancer.remove();
        names.close();
        pod.kill();
    });

    /** Asks as the client at `address`, the path exactly as it is written. */
    function ask(path: string, address = CLIENT, headers: NodeJS.Dict<string> = {}): Promise<Reply> {
        const { hostname, port } = new URL(balancer.url);
        return new Promise((resolve, reject) => {
            const asked = request(
                { hostname, port, path, method: "POST", localAddress: address, headers, agent: false },
                (response) => {
                    let body = "";
                    response.on("data", (part: Buffer) => (body += part.toString()));
                    response.on("end", () => {
                        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
                    });
                },
            );
            asked.on("error", reject);
            asked.end("{}");
        });
    }

    /** Opens connections that send a byte of a request now and then, until `end`. */
    function slowSenders(count: number, head: string): { readonly sockets: Socket[]; end(): void } {
        const { hostname, port } = new URL(balancer.url);
        const sockets = Array.from({ length: count }, () => {
            const socket = connect({ host: hostname, port: Number(port), localAddress: ATTACKER });
            socket.on("error", () => undefined);
            socket.write(head);
            // Answers are read and dropped: a socket has ended when all that it got was read.
            socket.resume();
            return socket;
        });
        const timer = setInterval(() => {
            for (const socket of sockets.filter(({ writable }) => writable)) {
                socket.write("x");
            }
        }, 500);
        return {
            sockets,
            end: () => {
                clearInterval(timer);
                for (const socket of sockets) {
                    socket.destroy();
                }
            },
        };
    }

    // Promise: metrics-readiness-documentation-cluster
    it("passes on only the paths for clients, however a path is written", async () => {
        await start();
        for (const path of [...PUBLIC_PATHS, "/predict?inference_length=3"]) {
            assert.equal((await ask(path)).status, 200, path);
        }
        const passed = pod.requests;
        for (const path of [
            ...[
                "/metrics",
                "/prometheus",
                "/ready",
                "/docs",
                "/docs/oauth2-redirect",
                "/redoc",
                "/openapi.json",
            ],
            ...[
                "/metrics/",
                "//metrics",
                "/./metrics",
                "/%6detrics",
                "/METRICS",
                "/metrics?x=/predict",
                "/predict/../ready",
            ],
            ...["/predict/..;/ready", "/healthz/../metrics", "/predict%2f..%2fready", "/reload_latest", "*"],
        ]) {
            const { status, body } = await ask(path);
            assert.ok(status === 404 || status === 400, `${path} is answered with ${status}`);
            assert.ok(status === 400 || JSON.parse(body), path);
        }
        assert.equal(pod.requests, passed);
    });

    for (const [what, head] of [
        ["heads", "POST /predict HTTP/1.1\r\nHost: x\r\nX-Slow: "],
        ["bodies", "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"],
    ] as const) {
        it(`answers another client at once while 300 sockets send their ${what} byte by byte, and closes them`, async () => {
            await start();
            const attack = slowSenders(300, head);
            try {
                const times: number[] = [];
                const started = Date.now();
                while (Date.now() - started < BODY_SECONDS * 1000) {
                    const asked = Date.now();
                    assert.equal((await ask("/predict")).status, 200);
                    times.push(Date.now() - asked);
                    await pause(20);
                }
                assert.ok(Math.max(...times) < 1_000, `${Math.max(...times)} ms`);
                // Not one of them reached a pod.
                assert.equal(pod.requests, times.length);
                await until("every slow connection is closed", () =>
                    attack.sockets.every(({ closed, readableEnded }) => closed || readableEnded),
                );
                // HAProxy reads on after an answer, so that none may get one.
                assert.ok(attack.sockets.every(({ bytesRead }) => bytesRead === 0));
            } finally {
                attack.end();
            }
        });
    }

    it("limits the connections of one source, and not of others", async () => {
        await start({ sourceLimits: { requestsPerSecond: 100_000, connections: 5 } });
        const attack = slowSenders(20, "");
        try {
            await until(
                "15 of 20 are closed",
                () => attack.sockets.filter(({ closed }) => closed).length === 15,
            );
            assert.equal((await ask("/predict")).status, 200);
        } finally {
            attack.end();
        }
        await until("the source is let in again", () =>
            ask("/predict", ATTACKER).then(
                ({ status }) => status === 200,
                () => false,
            ),
        );
    });

    it("limits the requests per second of one source, and not of others", async () => {
        await start({ sourceLimits: { requestsPerSecond: 10, connections: 100 } });
        const replies = await Promise.all(Array.from({ length: 30 }, () => ask("/predict", ATTACKER)));
        const [refused, ...more] = replies.filter(({ status }) => status === 429);
        assert.ok(refused !== undefined && more.length >= 10, `${more.length} more`);
        assert.equal(refused.headers["retry-after"], "1");
        assert.match(refused.body, /^\{"detail":"too many requests of one source/);
        assert.equal((await ask("/predict")).status, 200);
        await pause(2_100);
        assert.equal((await ask("/predict", ATTACKER)).status, 200);
    });

    it("does not trust a client's statement of its source", async () => {
        await start({ sourceLimits: { requestsPerSecond: 10, connections: 100 } });
        const replies = await Promise.all(
            Array.from({ length: 30 }, (_, at) =>
                ask("/predict", ATTACKER, { "x-forwarded-for": `10.0.0.${at}` }),
            ),
        );
        assert.ok(replies.filter(({ status }) => status === 429).length > 10);
    });

    it("limits each client behind a trusted proxy, by the entry that the proxy wrote", async () => {
        await start({
            sourceLimits: { requestsPerSecond: 10, connections: 12 },
            trustedProxies: [`${CLIENT}/32`],
        });
        const through = (client: string, count: number): Promise<Reply[]> =>
            Promise.all(
                Array.from({ length: count }, (_, at) =>
                    ask("/predict", CLIENT, { "x-forwarded-for": `10.9.9.${at}, ${client}` }),
                ),
            );
        const greedy = await through("192.0.2.1", 30);
        assert.ok(greedy.filter(({ status }) => status === 429).length > 10);
        const others = await Promise.all(["192.0.2.2", "2001:db8::1"].map((client) => through(client, 9)));
        assert.ok(others.flat().every(({ status }) => status === 200));
    });
});
