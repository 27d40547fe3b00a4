import assert from "node:assert/strict";
import { haproxyConfig, type HaproxyArgs } from "../../components/serving/haproxyConfig";
import { failures, underLoad, type Answer } from "../support/steadyLoad";
import { Balancer, until } from "./support/balancer";
import { NameServer } from "./support/dns";
import { withHaproxy } from "./support/haproxy";
import { FakePod } from "./support/pod";
import { freePort } from "../support/freePort";

const stable = { name: "inference", host: "stable.test" };
const canary = { name: "inference-canary", host: "canary.test" };

const pause = (milliseconds: number): Promise<void> => new Promise((wake) => setTimeout(wake, milliseconds));

/** Which pod answered. */
const podOf = ({ body }: Answer): string => (JSON.parse(body) as { pod: string }).pod;

describe("HAProxy with the generated configuration", function () {
    this.timeout(60_000);
    withHaproxy();

    let balancer: Balancer;
    let names: NameServer;
    let namePort: number;
    let podPort: number;
    let pods: [FakePod, FakePod, FakePod];

    /** Starts HAProxy in front of the first `count` pods. */
    async function start(count: number, changes: Partial<HaproxyArgs> = {}): Promise<void> {
        names.records.set(stable.host, addresses(count));
        const configuration = haproxyConfig({
            stable,
            port: podPort,
            maximumServers: 5,
            maximumConnections: 256,
            requestTimeoutSeconds: 5,
            bodySeconds: 10,
            sourceLimits: { requestsPerSecond: 100_000, connections: 100 },
            trustedProxies: [],
            threads: 1,
            ...changes,
        });
        await balancer.start(configuration, namePort);
        await balancer.serversUp("inference", count);
    }

    const addresses = (count: number): string[] => pods.slice(0, count).map(({ address }) => address);

    const load = (work: () => Promise<void>): Promise<readonly Answer[]> =>
        underLoad({ url: `${balancer.url}/predict`, body: "{}", clients: 8, pause: 2 }, work);

    beforeEach(async () => {
        names = new NameServer();
        namePort = await names.listen();
        podPort = await freePort();
        pods = [
            new FakePod("127.77.0.1", podPort),
            new FakePod("127.77.0.2", podPort),
            new FakePod("127.77.0.3", podPort),
        ];
        await Promise.all(pods.map((pod) => pod.start()));
        balancer = new Balancer();
    });

    afterEach(function () {
        if (this.currentTest?.state === "failed") {
            console.log(balancer.log);
        }
        balancer.remove();
        names.close();
        for (const pod of pods) {
            pod.kill();
        }
    });

    // Promise: load-balancer-spreads-requests
    it("finds pods by name when they are added and removed, and uses all of them", async () => {
        await start(2);
        assert.deepEqual(failures(await load(() => pause(300))), []);
        assert.ok(pods[0].requests > 0 && pods[1].requests > 0);
        assert.equal(pods[2].requests, 0);

        names.records.set(stable.host, addresses(3).slice(1));
        await until("the new pod is used", async () => {
            await fetch(`${balancer.url}/predict`);
            return pods[2].requests > 0;
        });
        await pause(6_000);
        const before = pods[0].requests;
        assert.deepEqual(failures(await load(() => pause(300))), []);
        assert.equal(pods[0].requests, before);
    });

    // Promise: network-both-families
    it("answers over IPv4 and IPv6, at the port of its metrics too", async () => {
        await start(1);
        for (const url of [`${balancer.url}/predict`, `${balancer.metricsUrl}/healthz`]) {
            assert.equal((await fetch(url)).status, 200, url);
            const overIpv6 = url.replace("127.0.0.1", "[::1]");
            assert.equal((await fetch(overIpv6)).status, 200, overIpv6);
        }
    });

    // Promise: network-both-families
    it("uses pods that only have IPv6 addresses", async () => {
        const pod = new FakePod("::1", podPort);
        await pod.start();
        names.records.set(canary.host, [pod.address]);
        try {
            await start(1, { stable: { ...stable, host: canary.host } });
            assert.equal((await fetch(`${balancer.url}/predict`)).status, 200);
            assert.equal(pod.requests, 1);
        } finally {
            pod.kill();
        }
    });

    it("lets a pod that is not ready finish its requests, and sends it no others", async () => {
        await start(2);
        pods[0].behaviour = (_request, response) => {
            setTimeout(() => response.end("{}"), 1_500);
        };
        const answers = await load(async () => {
            await until("a request is under way", () => pods[0].requests > 0);
            pods[0].ready = false;
            await balancer.serversUp("inference", 1);
            const atLeave = pods[0].requests;
            await pause(500);
            assert.equal(pods[0].requests, atLeave);
        });
        assert.deepEqual(failures(answers), []);
    });

    // Promise: load-balancer-spreads-requests
    it("answers every request while a pod is killed under load", async () => {
        await start(2);
        const answers = await load(async () => {
            await pause(300);
            pods[0].kill();
            await pause(1_500);
            await pods[0].start();
            await balancer.serversUp("inference", 2);
        });
        assert.deepEqual(failures(answers), []);
        // Requests were under way all the time, on a busy machine too.
        assert.ok(answers.length > 100, `${answers.length} requests`);
    });

    it("retries a forecast whose pod closed the connection, and no request that may change something", async () => {
        await start(2);
        for (const pod of pods) {
            pod.behaviour = (request) => request.socket.destroy();
        }
        pods[1].repair();
        const post = (path: string): Promise<number | undefined> =>
            fetch(`${balancer.url}${path}`, { method: "POST", body: "{}" }).then(
                ({ status }) => status,
                // Over a connection that was in use before, HAProxy hands the end of the pod's on as it is.
                () => undefined,
            );
        const statuses: (number | undefined)[] = [];
        for (let request = 0; request < 6; request += 1) {
            assert.equal(await post("/predict"), 200);
            const before = pods[0].requests + pods[1].requests;
            statuses.push(await post("/model"));
            assert.equal(pods[0].requests + pods[1].requests, before + 1);
        }
        assert.ok(
            statuses.some((status) => status !== 200),
            String(statuses),
        );
    });

    for (const status of [400, 429, 500, 503]) {
        it(`passes on status ${status} of a pod, without a retry`, async () => {
            await start(1);
            pods[0].behaviour = (_request, response) => {
                response.writeHead(status, { "retry-after": "1" }).end('{"detail":"as it is"}');
            };
            const response = await fetch(`${balancer.url}/predict`, { method: "POST", body: "{}" });
            assert.equal(response.status, status);
            assert.equal(response.headers.get("retry-after"), "1");
            assert.equal(await response.text(), '{"detail":"as it is"}');
            assert.equal(pods[0].requests, 1);
        });
    }

    it("answers 503 at once without a ready pod, and reports that it is healthy itself", async () => {
        await start(0);
        assert.equal((await fetch(`${balancer.url}/predict`)).status, 503);
        assert.equal(await balancer.observed("/healthz"), 200);
    });

    it("stops without losing a request, and waits for slow ones", async () => {
        await start(1);
        pods[0].behaviour = (_request, response) => {
            setTimeout(() => response.end("{}"), 2_000);
        };
        const slow = fetch(`${balancer.url}/predict`, { method: "POST", body: "{}" });
        await until("the request is under way", () => pods[0].requests === 1);
        balancer.signal("SIGUSR1");
        await until("no new connection is taken", () =>
            fetch(balancer.url).then(
                () => false,
                () => true,
            ),
        );
        assert.equal((await slow).status, 200);
        assert.equal(await balancer.ended(), 0);
    });

    it("closes idle connections of clients after their next answer when it stops", async () => {
        await start(1);
        const answers = await load(async () => {
            await pause(200);
            balancer.signal("SIGUSR1");
            await balancer.ended();
        });
        // Every connection from before the signal had its last request answered; only new ones were refused.
        assert.deepEqual(
            [...new Set(failures(answers).map((text) => text.replace(/^\d+ times /, "")))],
            [`no answer: Error: connect ECONNREFUSED ${new URL(balancer.url).host}`],
        );
    });

    // Promise: weighted-routing-canaries
    it("distributes requests by the canary's weight, and reports versions in the metrics", async () => {
        names.records.set(canary.host, [pods[2].address]);
        await start(2, { canary: { ...canary, weight: 30 } });
        await balancer.serversUp("inference-canary", 1);
        const answers = await load(() =>
            until("1000 requests", () => pods.reduce((n, pod) => n + pod.requests, 0) > 1_000),
        );
        assert.deepEqual(failures(answers), []);
        const share = answers.filter((answer) => podOf(answer) === pods[2].address).length / answers.length;
        // Five standard deviations of 1000 draws: one wrong failure in millions of runs.
        assert.ok(Math.abs(share - 0.3) < 5 * Math.sqrt((0.3 * 0.7) / answers.length), `share ${share}`);
        assert.equal(
            await balancer.metric("haproxy_backend_http_requests_total", "inference-canary"),
            pods[2].requests,
        );
    });

    it("sends nothing to a canary of weight 0, and everything to one of weight 100", async () => {
        names.records.set(canary.host, [pods[2].address]);
        await start(2, { canary: { ...canary, weight: 0 } });
        await balancer.serversUp("inference-canary", 1);
        await load(() => pause(300));
        assert.equal(pods[2].requests, 0);
        balancer.remove();

        balancer = new Balancer();
        await start(2, { canary: { ...canary, weight: 100 } });
        await balancer.serversUp("inference-canary", 1);
        const before = pods[0].requests + pods[1].requests;
        assert.deepEqual(failures(await load(() => pause(300))), []);
        assert.equal(pods[0].requests + pods[1].requests, before);
    });

    it("sends requests to stable pods if the canary has no pod, is not ready or dies", async () => {
        await start(2, { canary: { ...canary, weight: 50 } });
        assert.deepEqual(failures(await load(() => pause(300))), []);

        names.records.set(canary.host, [pods[2].address]);
        await balancer.serversUp("inference-canary", 1);
        const answers = await load(async () => {
            await until("the canary is used", () => pods[2].requests > 10);
            pods[2].ready = false;
            await balancer.serversUp("inference-canary", 0);
            pods[2].ready = true;
            await balancer.serversUp("inference-canary", 1);
            pods[2].kill();
            await pause(500);
        });
        assert.deepEqual(failures(answers), []);
    });

    it("exports metrics of each server, without a statistics page or a way to change anything", async () => {
        await start(1);
        assert.equal(await balancer.metric("haproxy_server_status", "inference"), 5);
        for (const path of ["/", "/stats", "/haproxy?stats", "/;csv"]) {
            assert.equal(await balancer.observed(path), 404, path);
        }
    });
});
