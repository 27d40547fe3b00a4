import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { USUAL_NETWORK } from "../../components/core/network/clusterNetwork";
import { demandsOf } from "../../stacks/preflight/declaredDemands";
import { podAmounts, type Demands } from "../../stacks/preflight/demands";
import { neededAccess } from "../../stacks/preflight/permissions";
import { createPlatform } from "../../stacks/platform/platform";
import { deployLayers } from "../../stacks/layers/deployLayers";
import { record, type Recorded } from "../support/mocks";
import { containers, workloads } from "../support/objects";
import { INPUTS, NOTHING_EXISTS, settings } from "../support/program";
import { sizesOfTiers } from "../../stacks/settings/catalogue";
import { mergeTrees, type SettingsTree } from "../../stacks/settings/tree";

const EVERYTHING = {
    loadTest: { enabled: true },
    preprocess: { schedule: "0 1 * * *" },
    ingress: {
        enabled: true,
        hosts: { api: "api.example.com", mlflow: "mlflow.example.com" },
        tls: { secretName: "given" },
    },
};

interface Monitor {
    registerResource(request: { getName(): string }, callback: unknown): unknown;
}

/** What the preflight takes the program to ask for, and what was registered. */
async function demanded(
    overrides: SettingsTree,
): Promise<{ readonly demands: Demands; readonly resources: readonly Recorded[] }> {
    const { resources, result } = await record(async () => {
        const chosen = settings(mergeTrees(EVERYTHING, overrides));
        const passed = Promise.resolve();
        const platform = createPlatform(chosen, "test", "test-context", {
            source: undefined,
            network: USUAL_NETWORK,
            clusterIdentity: undefined,
            existing: NOTHING_EXISTS,
            allowed: [],
            passed,
        });
        await deployLayers(chosen, platform, INPUTS);
        return demandsOf(platform.cluster.declaredObjects, [chosen.namespace.name, platform.namespace]);
    });
    return { resources, demands: result };
}

describe("the preflight", () => {
    // Promise: preflight-one-report
    it("runs before any resource is created", async () => {
        const before: string[] = [];
        const { resources } = await record(async () => {
            const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
            const register = monitor.registerResource.bind(monitor);
            monitor.registerResource = (request, callback) => {
                before.push(request.getName());
                return register(request, callback);
            };
            let pass: () => void = () => undefined;
            const passed = new Promise<void>((resolve) => {
                pass = resolve;
            });
            const chosen = settings();
            const preparation = {
                source: undefined,
                network: USUAL_NETWORK,
                clusterIdentity: undefined,
                existing: NOTHING_EXISTS,
                allowed: [],
                passed,
            };
            const platform = createPlatform(chosen, "test", "test-context", preparation);
            await deployLayers(chosen, platform, INPUTS);
            await new Promise((wake) => setTimeout(wake, 100));
            assert.deepEqual(before, []);
            pass();
        });
        assert.ok(resources.length > 100);
        assert.equal(before.length, resources.length);
    });

    it("knows the requests of every pod, after settings and overrides are applied", async () => {
        const { demands, resources } = await demanded({
            cluster: { tiers: { mlflow: { ephemeralStorage: { request: "3Gi" } } } },
            overrides: [
                {
                    kind: "Deployment",
                    name: "grafana",
                    patch: [
                        {
                            op: "replace",
                            path: "/spec/template/spec/containers/0/resources/requests/cpu",
                            value: "7",
                        },
                    ],
                },
            ],
        });
        const all = workloads(resources);
        assert.equal(demands.pods.length, all.length + 1);
        // A Job's name ends with a hash of what it does.
        const sized = (name: string) =>
            demands.pods.find((pod) => pod.name === name) ??
            demands.pods.find((pod) => pod.name.startsWith(`${name}-`)) ??
            assert.fail(name);
        for (const workload of all) {
            const pod = sized(workload.name);
            assert.equal(pod.containers.length, containers(workload).length, workload.name);
        }
        assert.equal(podAmounts(sized("grafana"), "requests").cpu, 7);
        assert.equal(podAmounts(sized("mlflow"), "requests")["ephemeral-storage"], 3 * 2 ** 30);
        assert.deepEqual(demands.claims.flatMap(({ names }) => names).sort(), [
            "backup",
            "data-kafka-0",
            "data-postgres-0",
            "data-prometheus-0",
            "data-victoria-logs-0",
            "minio",
        ]);
        assert.deepEqual(
            demands.pods.filter(({ home }) => !home).map(({ name }) => name),
            ["log-collector"],
        );
    });

    it("names the setting by which a tier's pods are sized, for each tier that has one", async () => {
        const sizes = sizesOfTiers();
        const paths = [...new Set(sizes.values())];
        // Each setting has an amount of its own, by which it is found again in the pods.
        const amountOf = (path: string): number => (101 + paths.indexOf(path)) / 1000;
        const given = paths.map((path) =>
            [...path.split("."), "requests", "cpu"].reduceRight<unknown>(
                (value, key) => ({ [key]: value }),
                String(amountOf(path)),
            ),
        ) as SettingsTree[];
        const { demands } = await demanded(given.reduce(mergeTrees));
        const found = demands.pods.flatMap(({ tier, containers: all }) =>
            paths
                .filter((path) => all.some(({ requests }) => requests.cpu === amountOf(path)))
                .map((path) => [tier, path] as const),
        );
        assert.deepEqual(new Map(found), sizes);
        assert.equal(new Set(found.map(String)).size, sizes.size);
    });

    it("asks only for the permissions that the settings need", async () => {
        const kinds = async (overrides: SettingsTree): Promise<string[]> => {
            const { demands } = await demanded(overrides);
            const wide = neededAccess(demands, "flts", false).filter(
                ({ namespace, verb }) => namespace === undefined && verb === "create",
            );
            return wide.map(({ resource }) => resource);
        };
        const own = { namespace: { create: false }, monitoring: { logs: { enabled: false } } };
        assert.ok((await kinds({})).includes("namespaces"));
        assert.deepEqual(await kinds({ ...own, layers: ["infrastructure", "pipeline", "serving"] }), []);
    });
});
