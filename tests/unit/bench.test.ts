import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { load } from "../../cli/bench/load";
import { resourceCount } from "../../cli/bench/program";
import { replicaOf } from "../../cli/bench/replica";

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

describe("replica of the benchmark", () => {
    const pod = (ready: string, metadata: object = {}): Parameters<typeof replicaOf>[0] => ({
        metadata: { name: "inference-1", ...metadata },
        spec: { nodeName: "node", containers: [{ resources: { limits: { cpu: "1", memory: "1Gi" } } }] },
        status: {
            podIP: "10.0.0.1",
            startTime: "2026-01-01T00:00:00Z",
            conditions: [{ type: "Ready", status: ready, lastTransitionTime: "2026-01-01T00:00:07Z" }],
        },
    });

    it("tells how long it took to be ready", () => {
        assert.equal(replicaOf(pod("True"))?.secondsToReady, 7);
    });

    it("is none while it is not ready, or about to go", () => {
        assert.equal(replicaOf(pod("False")), undefined);
        assert.equal(replicaOf(pod("True", { deletionTimestamp: "2026-01-01T00:01:00Z" })), undefined);
    });
});

describe("resources in a summary of pulumi", () => {
    it("are added up over what happens to them", () => {
        assert.equal(resourceCount("...\nResources:\n    131 unchanged\n\nDuration: 17s\n"), 131);
        assert.equal(resourceCount("Resources:\n    + 160 to create\n    2 unchanged\n\n"), 162);
    });
});
