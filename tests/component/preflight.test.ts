import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import type { ApiRequest } from "../../components/core/cluster/apiRequests";
import { USUAL_NETWORK } from "../../components/core/network/clusterNetwork";
import { demandsOf } from "../../stacks/preflight/declaredDemands";
import { podAmounts, type Demands } from "../../stacks/preflight/demands";
import { neededAccess } from "../../stacks/preflight/permissions";
import { createPlatform } from "../../stacks/platform/platform";
import { deployLayers } from "../../stacks/layers/deployLayers";
import { projectDirectory } from "../support/commands";
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

interface Demanded {
    readonly demands: Demands;
    readonly requests: readonly ApiRequest[];
    readonly resources: readonly Recorded[];
}

/** What the preflight takes the program to ask for, and what was registered. */
async function demanded(overrides: SettingsTree): Promise<Demanded> {
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
        const home = [chosen.namespace.name, platform.namespace];
        return {
            demands: demandsOf(platform.cluster.declaredObjects, home),
            requests: platform.requests.all,
        };
    });
    return { resources, ...result };
}

/** Verbs by `<namespace>/<resource>.<group>`; `*` is the whole cluster. */
type Permissions = ReadonlyMap<string, ReadonlySet<string>>;

/** Every permission that an update and a preview of a stack need. */
async function permissions(
    overrides: SettingsTree,
): Promise<{ readonly update: Permissions; readonly preview: Permissions }> {
    const { demands, requests } = await demanded(overrides);
    const needed = (preview: boolean): Permissions => {
        const verbs = new Map<string, Set<string>>();
        for (const { group, resource, verb, namespace } of neededAccess(demands, requests, "flts", preview)) {
            const key = `${namespace ?? "*"}/${resource}.${group}`;
            verbs.set(key, (verbs.get(key) ?? new Set()).add(verb));
        }
        return verbs;
    };
    return { update: needed(false), preview: needed(true) };
}

interface ClusterRole {
    readonly rules: readonly {
        readonly apiGroups: readonly string[];
        readonly resources: readonly string[];
        readonly verbs: readonly string[];
    }[];
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

    it("asks for no permission in the whole cluster without monitoring, in a namespace that exists", async () => {
        const layers = ["infrastructure", "pipeline", "serving"];
        const { update } = await permissions({ namespace: { create: false }, layers });
        assert.deepEqual(
            [...update.keys()].filter((key) => key.startsWith("*/")),
            [],
        );
    });

    it("asks for the permissions of the documented ClusterRole in the whole cluster, and no others", async () => {
        const file = readFileSync(join(projectDirectory, "docs", "flts-deployer.yaml"), "utf8");
        const granted = new Map<string, Set<string>>();
        for (const { apiGroups, resources, verbs } of (parse(file) as ClusterRole).rules) {
            for (const key of apiGroups.flatMap((group) => resources.map((each) => `*/${each}.${group}`))) {
                granted.set(key, new Set([...(granted.get(key) ?? []), ...verbs]));
            }
        }
        const cluster = { pullSecrets: ["registries/login"] };
        const { update } = await permissions({ namespace: { create: false }, cluster });
        const wide = [...update].filter(([key]) => key.startsWith("*/"));
        assert.deepEqual(new Map(wide), granted);
    });

    it("asks for a watch of each kind that an update makes, and of what shows whether it is ready", async () => {
        const { update } = await permissions({});
        assert.ok(update.get("*/namespaces.")?.has("create"));
        const made = [...update].filter(([, verbs]) => verbs.has("create") && verbs.has("patch"));
        assert.ok(made.length > 10);
        for (const [key, verbs] of made) {
            assert.ok(verbs.has("list") && verbs.has("watch") && verbs.has("delete"), key);
        }
        for (const key of ["flts/pods.", "flts/replicasets.apps", "flts/endpoints."]) {
            assert.ok(update.get(key)?.has("watch"), key);
        }
        const { preview } = await permissions({ layers: ["infrastructure"] });
        assert.ok(![...preview.values()].some((verbs) => verbs.has("watch") || verbs.has("delete")));
    });

    it("asks for the requests that the program itself makes", async () => {
        const { update, preview } = await permissions({});
        assert.deepEqual(update.get("flts/pods/portforward."), new Set(["get", "create"]));
        assert.deepEqual(update.get("flts/endpointslices.discovery.k8s.io"), new Set(["list"]));
        assert.deepEqual(update.get("flts/statefulsets/scale.apps"), new Set(["get", "update"]));
        const direct = { access: { mode: "direct", host: "server.example.com" } };
        const reached = await permissions({ objectStore: direct, postgres: direct });
        assert.equal(reached.update.get("flts/pods/portforward."), undefined);
        assert.equal(preview.get("flts/pods/portforward."), undefined);
    });
});
