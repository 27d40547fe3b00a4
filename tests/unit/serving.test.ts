import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { autoscalerSpec, mostReplicas } from "../../components/serving/autoscaling";
import { haproxyConfig, PAGE_FILES, type HaproxyArgs } from "../../components/serving/haproxyConfig";
import { takesNumberBack } from "../../components/serving/scalingHandover";
import { projectDirectory } from "../support/commands";

const ARGS: HaproxyArgs = {
    stable: { name: "inference", host: "inference-headless.flts.svc.cluster.local" },
    port: 8000,
    maximumServers: 20,
    maximumConnections: 512,
    requestTimeoutSeconds: 30,
    bodySeconds: 10,
    sourceLimits: { requestsPerSecond: 5000, connections: 128 },
    trustedProxies: [],
    threads: 2,
};
const CANARY = { name: "inference-canary", host: "inference-canary-headless.flts.svc.cluster.local" };

describe("HAProxy configuration", () => {
    it("HAProxy finds pods through the headless Service and asks each for /ready", () => {
        const text = haproxyConfig(ARGS);
        assert.match(
            text,
            /server-template inference- 1-20 inference-headless\.flts\.svc\.cluster\.local:8000/,
        );
        assert.match(text, /default-server .*resolvers cluster .*init-addr none/);
        assert.match(text, /http-check send meth GET uri \/ready/);
        assert.match(text, /http-check expect status 200/);
    });

    it("HAProxy has neither a statistics page nor an admin socket", () => {
        assert.doesNotMatch(haproxyConfig({ ...ARGS, canary: { ...CANARY, weight: 50 } }), /stats/);
    });

    it("HAProxy uses as many threads as its pod's CPU limit, whatever the node has", () => {
        assert.match(haproxyConfig(ARGS), /^ +nbthread 2$/m);
    });

    it("HAProxy passes on every file of the page and no other file", () => {
        const folder = join(projectDirectory, "services", "flts", "inference", "page");
        assert.deepEqual([...PAGE_FILES, "index.html"].sort(), readdirSync(folder).sort());
    });

    it("HAProxy passes on the paths for clients, and no other path", () => {
        assert.match(
            haproxyConfig(ARGS),
            /^ +acl public path \/ \/predict \/rows \/model \/series \/healthz \/assets\/chart.js \/assets\/page.css /m,
        );
        assert.match(haproxyConfig(ARGS), /^ +http-request deny deny_status 404 .* if !public$/m);
    });

    it("HAProxy trusts only trusted proxies about the source of a request", () => {
        assert.doesNotMatch(haproxyConfig(ARGS), /x-forwarded-for/i);
        const behind = haproxyConfig({ ...ARGS, trustedProxies: ["10.0.0.0/8", "fd00::/8"] });
        assert.match(behind, /^ +acl proxied src 10\.0\.0\.0\/8 fd00::\/8$/m);
        assert.match(behind, /set-src hdr_ip\(x-forwarded-for,-1\) if proxied /);
    });

    it("HAProxy sends a canary requests by its weight, and none without one", () => {
        assert.doesNotMatch(haproxyConfig(ARGS), /canary/);
        assert.match(
            haproxyConfig({ ...ARGS, canary: { ...CANARY, weight: 15 } }),
            /use_backend inference-canary if \{ rand\(100\) lt 15 \}/,
        );
        const without = haproxyConfig({ ...ARGS, canary: { ...CANARY, weight: 0 } });
        assert.match(without, /^backend inference-canary$/m);
        assert.doesNotMatch(without, /use_backend/);
    });
});

describe("autoscaling", () => {
    const scaling = {
        mode: "auto",
        minReplicas: 1,
        maxReplicas: 20,
        targetCpuPercent: 70,
        scaleDownWindowSeconds: 300,
    } as const;

    it("the autoscaler follows the CPU between its limits, up at once and down late", () => {
        const spec = autoscalerSpec("inference", scaling);
        assert.deepEqual(spec.scaleTargetRef, {
            apiVersion: "apps/v1",
            kind: "Deployment",
            name: "inference",
        });
        assert.deepEqual([spec.minReplicas, spec.maxReplicas], [1, 20]);
        assert.deepEqual(spec.metrics, [
            {
                type: "Resource",
                resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
            },
        ]);
        const { scaleUp, scaleDown } = spec.behavior as {
            scaleUp: { stabilizationWindowSeconds: number };
            scaleDown: { stabilizationWindowSeconds: number };
        };
        assert.equal(scaleUp.stabilizationWindowSeconds, 0);
        assert.equal(scaleDown.stabilizationWindowSeconds, 300);
    });

    it("the autoscaler is removed first if a fixed number of pods follows it, and at no other update", () => {
        const pods = (replicas?: number): object => ({ spec: { replicas } });
        assert.equal(takesNumberBack(pods(), pods(2)), true);
        assert.equal(takesNumberBack(pods(2), pods(3)), false);
        assert.equal(takesNumberBack(pods(2), pods()), false);
        assert.equal(takesNumberBack(pods(), pods()), false);
    });

    it("the maximum number of pods is known", () => {
        assert.equal(mostReplicas(scaling), 20);
        assert.equal(mostReplicas({ mode: "fixed", replicas: 3 }), 3);
    });
});
