import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { withEcho } from "../../cli/bench/echo";
import { load } from "../../cli/bench/load";
import { resourceCount } from "../../cli/bench/program";
import { replicaOf } from "../../cli/bench/replica";
import { shareOf } from "../../cli/bench/serving";

describe("load of the benchmark", () => {
    it("counts answers and failures, and orders its percentiles", async () => {
        let requests = 0;
        const server = createServer((request, response) => {
            request.resume();
            requests += 1;
            response.statusCode = requests % 10 === 0 ? 503 : 200;
            response.end("{}");
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        try {
            const { port } = server.address() as AddressInfo;
            const result = await load(`http://127.0.0.1:${port}/predict`, "{}", 2, 1);
            assert.ok(result.requestsPerSecond > 10, String(result.requestsPerSecond));
            assert.ok(Math.abs(result.failed - requests / 10) <= 2, `${result.failed} of ${requests}`);
            assert.ok(result.p50 > 0 && result.p50 <= result.p95 && result.p95 <= result.p99);
        } finally {
            server.closeAllConnections();
            server.close();
        }
    });
});

describe("echo of the benchmark", () => {
    const pod = {
        name: "inference-1",
        address: "127.0.0.1",
        node: "node",
        limits: { cpu: "1", memory: "1Gi" },
    };

    it("the echo reports why it could not be started", async () => {
        const kubectl = (): Promise<string> => Promise.reject(new Error("no such pod"));
        await assert.rejects(
            withEcho(kubectl, { ...pod, secondsToReady: 1 }, 1, () => Promise.resolve("measured")),
            /the echo in pod inference-1 does not answer at http:\/\/127\.0\.0\.1:8001: Error: no such pod/,
        );
    });

    it("the echo is the reference for the API's requests per second", () => {
        assert.equal(shareOf(["one pod", "8000.0", "1.0"], ["echo", "20000.0", "1.0"]), "40 %");
    });
});

describe("replica of the benchmark", () => {
    const pod = (ready: string, metadata: object = {}): Parameters<typeof replicaOf>[0] => ({
        metadata: { name: "inference-1", ...metadata },
        spec: {
            nodeName: "node",
            containers: [{ name: "inference", resources: { limits: { cpu: "1", memory: "1Gi" } } }],
        },
        status: {
            podIP: "10.0.0.1",
            startTime: "2026-01-01T00:00:00Z",
            conditions: [{ type: "Ready", status: ready, lastTransitionTime: "2026-01-01T00:00:07Z" }],
        },
    });

    it("a replica has the time that it took to be ready", () => {
        assert.equal(replicaOf(pod("True"))?.secondsToReady, 7);
    });

    it("a pod that is not ready or terminates is not a replica", () => {
        assert.equal(replicaOf(pod("False")), undefined);
        assert.equal(replicaOf(pod("True", { deletionTimestamp: "2026-01-01T00:01:00Z" })), undefined);
    });
});

describe("resources in a summary of pulumi", () => {
    it("resources of a pulumi summary are added up over all operations", () => {
        assert.equal(resourceCount("...\nResources:\n    131 unchanged\n\nDuration: 17s\n"), 131);
        assert.equal(resourceCount("Resources:\n    + 160 to create\n    2 unchanged\n\n"), 162);
    });
});
