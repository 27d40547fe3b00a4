import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { haproxyConfig, type HaproxyArgs } from "../../components/serving/haproxyConfig";
import { run } from "../support/commands";
import { haproxyProgram, withHaproxy } from "./support/haproxy";

const version = (name: string): { name: string; host: string } => ({
    name,
    host: `${name}-headless.flts.svc.cluster.local`,
});

/** Configurations from the corners of the settings. */
const anyConfiguration: fc.Arbitrary<HaproxyArgs> = fc.record({
    stable: fc.constant(version("inference")),
    canary: fc.option(
        fc.integer({ min: 0, max: 100 }).map((weight) => ({ ...version("inference-canary"), weight })),
        { nil: undefined },
    ),
    port: fc.constant(8000),
    maximumServers: fc.integer({ min: 20, max: 51 }),
    maximumConnections: fc.integer({ min: 64, max: 4096 }),
    requestTimeoutSeconds: fc.integer({ min: 1, max: 600 }),
    bodySeconds: fc.integer({ min: 1, max: 600 }),
    sourceLimits: fc.record({
        requestsPerSecond: fc.integer({ min: 1, max: 1_000_000 }),
        connections: fc.integer({ min: 1, max: 100_000 }),
    }),
    trustedProxies: fc.constantFrom([], ["10.0.0.0/8"], ["0.0.0.0/0", "::/0"]),
    threads: fc.integer({ min: 1, max: 64 }),
});

describe("HAProxy's own check", function () {
    this.timeout(60_000);
    withHaproxy();
    const directory = mkdtempSync(join(tmpdir(), "flts-haproxy-check-"));

    after(() => {
        rmSync(directory, { recursive: true });
    });

    it("HAProxy accepts every generated configuration without a warning, on nodes with and without IPv6", async () => {
        const path = join(directory, "haproxy.cfg");
        await fc.assert(
            fc.asyncProperty(anyConfiguration, async (args) => {
                writeFileSync(path, haproxyConfig(args));
                for (const node of ["with IPv6", "without"]) {
                    const { code, everything } = await run(haproxyProgram(), ["-c", "-f", path], {
                        environment: node === "without" ? {} : { NODE_HAS_IPV6: "1" },
                    });
                    assert.equal(code, 0, everything);
                    // A pod's limit may be higher than its node has processors, which no configuration can know.
                    const rest = everything.replaceAll(/^.*threads running on a total of \d+ CPUs.*$/gm, "");
                    assert.doesNotMatch(rest, /WARNING|ALERT/);
                }
            }),
            { numRuns: 25 },
        );
    });
});
