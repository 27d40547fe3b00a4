import assert from "node:assert/strict";
import type { Recorded } from "../support/mocks";
import { containers, ofType, one, workloads } from "../support/objects";
import { deployProgram, settings } from "../support/program";

const PLACEMENT = {
    nodeSelector: { pool: "flts" },
    tolerations: [{ key: "dedicated", operator: "Exists" }],
    affinity: { podAntiAffinity: {} },
    priorityClass: "batch",
    podLabels: { "cost-center": "forecasts" },
    podAnnotations: { "mesh.example/inject": "false" },
    serviceAnnotations: { "balancer.example/scheme": "internal" },
    sourceRanges: ["10.0.0.0/8", "fd00::/8"],
    serviceAccountAnnotations: { "identity.example/account": "flts" },
    ephemeralStorage: { request: "1Gi", limit: "9Gi" },
};

const CLUSTER = {
    ...PLACEMENT,
    pullSecrets: ["registries/first", "registries/second"],
    users: "assigned",
    proxy: {
        http: "http://proxy.example:3128",
        https: "http://proxy.example:3128",
        exceptions: ["10.96.0.1"],
    },
    caBundle: { configMap: "company-ca" },
    architectures: ["amd64"],
    timeouts: { ready: 900 },
};

const EVERYTHING = {
    loadTest: { enabled: true },
    ingress: {
        enabled: true,
        hosts: { api: "api.example.com", mlflow: "mlflow.example.com" },
        tls: { secretName: "given" },
        login: { mode: "oidc", issuerUrl: "https://id.example", existingSecret: "client" },
    },
    loadBalancer: { service: { type: "LoadBalancer" } },
};

const ARCHITECTURE = {
    requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
            { matchExpressions: [{ key: "kubernetes.io/arch", operator: "In", values: ["amd64"] }] },
        ],
    },
};

async function deployed(cluster: object, more: object = {}): Promise<readonly Recorded[]> {
    return (await deployProgram(settings({ ...EVERYTHING, ...more, cluster }))).resources;
}

async function failure(chosen: object): Promise<string> {
    try {
        await deployProgram(settings(chosen as Record<string, unknown>));
    } catch (error) {
        return (error as Error).message;
    }
    return "";
}

function valuesOf(resources: readonly Recorded[]): Record<string, unknown> {
    return one(resources, "kubernetes:helm.sh/v3:Release", "minio").inputs.values as Record<string, unknown>;
}

describe("cluster.* settings", () => {
    it("cluster settings apply to every pod of Deployments, StatefulSets, the DaemonSet, Jobs and CronJobs", async () => {
        const all = workloads(await deployed(CLUSTER));
        assert.deepEqual([...new Set(all.map(({ kind }) => kind))].sort(), [
            "CronJob",
            "DaemonSet",
            "Deployment",
            "Job",
            "StatefulSet",
        ]);
        for (const workload of all) {
            const { name, template } = workload;
            const spec = template.spec as unknown as Record<string, never>;
            assert.deepEqual(spec.imagePullSecrets, [{ name: "test-first" }, { name: "test-second" }], name);
            assert.deepEqual(spec.nodeSelector, PLACEMENT.nodeSelector, name);
            assert.ok(JSON.stringify(spec.tolerations).includes('"dedicated"'), name);
            assert.deepEqual(spec.affinity, { podAntiAffinity: {}, nodeAffinity: ARCHITECTURE }, name);
            assert.equal(spec.priorityClassName, "batch", name);
            assert.equal(template.metadata.labels["cost-center"], "forecasts", name);
            assert.equal(template.metadata.annotations["mesh.example/inject"], "false", name);
            assert.deepEqual(
                spec.securityContext,
                { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
                name,
            );
            for (const container of containers(workload)) {
                const environment = new Map(container.env.map((variable) => [variable.name, variable.value]));
                const { resources, volumeMounts } = container;
                assert.equal(environment.get("HTTPS_PROXY"), CLUSTER.proxy.https, name);
                assert.equal(environment.get("http_proxy"), CLUSTER.proxy.http, name);
                assert.equal(environment.get("SSL_CERT_FILE"), "/etc/flts-ca/ca.crt", name);
                assert.ok(
                    volumeMounts.some(({ mountPath }) => mountPath === "/etc/flts-ca"),
                    name,
                );
                assert.equal(resources.requests["ephemeral-storage"], "1Gi", name);
                assert.equal(resources.limits["ephemeral-storage"], "9Gi", name);
            }
        }
    });

    it("each Service has the IP family policy of the settings, and none if none is set", async () => {
        const policies = async (network: object): Promise<unknown[]> => {
            const services = ofType(await deployed({}, { network }), "kubernetes:core/v1:Service");
            return [
                ...new Set(
                    services.map(({ inputs }) => (inputs.spec as { ipFamilyPolicy?: string }).ipFamilyPolicy),
                ),
            ];
        };
        assert.deepEqual(await policies({ ipFamilyPolicy: "PreferDualStack" }), ["PreferDualStack"]);
        assert.deepEqual(await policies({}), [undefined]);
    });

    it("requests between pods never use the proxy", async () => {
        const all = workloads(await deployed(CLUSTER));
        for (const workload of all) {
            for (const { env } of containers(workload)) {
                const direct = env.find(({ name }) => name === "NO_PROXY")?.value.split(",") ?? [];
                const hosts = env.flatMap(({ value }) =>
                    typeof value === "string" && URL.canParse(value) && /^https?:\/\/[^,]+$/.test(value)
                        ? [new URL(value).hostname]
                        : [],
                );
                for (const host of hosts.filter((each) => !/\.example(\.com)?$/.test(each))) {
                    const matched = direct.some((name) =>
                        name.startsWith(".") ? host.endsWith(name) : host === name,
                    );
                    assert.ok(matched, `${workload.name}: ${host}`);
                }
            }
        }
    });

    it("cluster settings apply to MinIO's chart, with lists in the form that its templates need", async () => {
        const resources = await deployed(CLUSTER);
        const values = valuesOf(resources);
        const service = {
            annotations: PLACEMENT.serviceAnnotations,
            loadBalancerSourceRanges: '["10.0.0.0/8","fd00::/8"]',
        };
        assert.deepEqual(values.global, { imagePullSecrets: ["test-first", "test-second"] });
        assert.deepEqual(values.nodeSelector, PLACEMENT.nodeSelector);
        assert.deepEqual(values.tolerations, PLACEMENT.tolerations);
        assert.deepEqual(values.affinity, { podAntiAffinity: {}, nodeAffinity: ARCHITECTURE });
        assert.equal(values.priorityClassName, "batch");
        assert.equal((values.podLabels as Record<string, string>)["cost-center"], "forecasts");
        assert.equal((values.podAnnotations as Record<string, string>)["mesh.example/inject"], "false");
        assert.deepEqual(values.service, { type: "ClusterIP", ...service });
        assert.deepEqual(values.consoleService, { type: "ClusterIP", ...service });
        const user = values.securityContext as Record<string, unknown>;
        assert.deepEqual([user.runAsUser, user.runAsGroup, user.fsGroup], [null, null, null]);
        assert.equal((values.environment as Record<string, string>).HTTP_PROXY, CLUSTER.proxy.http);
        assert.deepEqual(values.extraVolumes, [{ name: "cluster-ca", configMap: { name: "company-ca" } }]);
        assert.equal(
            one(resources, "kubernetes:helm.sh/v3:Release", "minio").inputs.timeout,
            CLUSTER.timeouts.ready,
        );
    });

    it("cluster settings apply to Services and service accounts", async () => {
        const resources = await deployed(CLUSTER);
        for (const { name, inputs } of ofType(resources, "kubernetes:core/v1:Service")) {
            const { metadata, spec } = inputs as {
                metadata: { annotations: object };
                spec: Record<string, unknown>;
            };
            assert.deepEqual(
                { ...metadata.annotations, ...PLACEMENT.serviceAnnotations },
                metadata.annotations,
                name,
            );
            assert.deepEqual(
                spec.loadBalancerSourceRanges,
                spec.type === "LoadBalancer" ? PLACEMENT.sourceRanges : undefined,
                name,
            );
        }
        for (const { name, inputs } of ofType(resources, "kubernetes:core/v1:ServiceAccount")) {
            const { metadata } = inputs as { metadata: { annotations: object } };
            assert.deepEqual(metadata.annotations, PLACEMENT.serviceAccountAnnotations, name);
        }
    });

    it("without cluster settings nothing changes", async () => {
        const plain = await deployed({});
        for (const { template, name } of workloads(plain)) {
            const spec = template.spec as unknown as Record<string, unknown>;
            for (const key of ["imagePullSecrets", "nodeSelector", "priorityClassName"]) {
                assert.equal(spec[key], undefined, `${name} ${key}`);
            }
        }
        for (const key of ["global", "nodeSelector", "tolerations", "extraVolumes", "priorityClassName"]) {
            assert.equal(valuesOf(plain)[key], undefined, key);
        }
    });

    it("settings of a tier are added to the cluster's, or replace them, only for its pods", async () => {
        const resources = await deployed({
            nodeSelector: { pool: "flts", zone: "a" },
            priorityClass: "batch",
            tiers: {
                "train-gru": { nodeSelector: { pool: "training" }, priorityClass: "low" },
                minio: { nodeSelector: { disk: "ssd" } },
            },
        });
        const specOf = (name: string) =>
            workloads(resources).find((workload) => workload.name === name)?.template
                .spec as unknown as Record<string, unknown>;
        assert.deepEqual(specOf("train-gru").nodeSelector, { pool: "training", zone: "a" });
        assert.equal(specOf("train-gru").priorityClassName, "low");
        assert.deepEqual(specOf("train-lstm").nodeSelector, { pool: "flts", zone: "a" });
        assert.deepEqual(valuesOf(resources).nodeSelector, {
            pool: "flts",
            zone: "a",
            disk: "ssd",
        });
    });

    it("pull secrets of other namespaces are copied to each namespace with pods", async () => {
        const resources = await deployed({ pullSecrets: ["registries/login"] });
        const copies = ofType(resources, "kubernetes:core/v1:Secret").filter(
            ({ inputs }) => (inputs.metadata as { name?: string } | undefined)?.name === "test-login",
        );
        const namespaces = copies.map(({ inputs }) => (inputs.metadata as { namespace: string }).namespace);
        assert.deepEqual(namespaces.sort(), ["flts", "flts-log-collector"]);
    });
});

describe("overrides", () => {
    const override = (patch: object[], kind = "Deployment", name = "mlflow") => ({
        overrides: [{ kind, name, patch }],
    });

    it("overrides are applied last, after cluster settings", async () => {
        const patch = [
            { op: "test", path: "/spec/template/spec/nodeSelector/pool", value: "flts" },
            { op: "replace", path: "/spec/template/spec/nodeSelector/pool", value: "other" },
            { op: "add", path: "/spec/template/spec/hostAliases", value: [{ ip: "10.0.0.1" }] },
            { op: "remove", path: "/spec/template/spec/terminationGracePeriodSeconds" },
        ];
        const resources = await deployed({ nodeSelector: { pool: "flts" } }, override(patch));
        const { template } = one(resources, "kubernetes:apps/v1:Deployment", "mlflow").inputs.spec as {
            template: { spec: Record<string, unknown> };
        };
        assert.deepEqual(template.spec.nodeSelector, { pool: "other" });
        assert.deepEqual(template.spec.hostAliases, [{ ip: "10.0.0.1" }]);
        assert.equal(template.spec.terminationGracePeriodSeconds, undefined);
    });

    it("overrides of kind Release change values of MinIO's chart", async () => {
        const patch = [{ op: "add", path: "/values/environment/MINIO_BROWSER", value: "off" }];
        const resources = await deployed({}, override(patch, "Release", "minio"));
        assert.equal(
            (valuesOf(resources) as Record<string, Record<string, string>>).environment?.MINIO_BROWSER,
            "off",
        );
    });

    it("overrides that match nothing or cannot be applied are refused in one message that lists what exists", async () => {
        const message = await failure({
            cluster: { tiers: { gruu: {} } },
            overrides: [
                { kind: "Deployment", name: "mlfow", patch: [{ op: "remove", path: "/spec" }] },
                { kind: "Pod", name: "x", patch: [{ op: "remove", path: "/spec" }] },
                {
                    kind: "Deployment",
                    name: "mlflow",
                    patch: [
                        { op: "replace", path: "/spec/nothing/here", value: 1 },
                        { op: "test", path: "/spec/replicas", value: 7 },
                        { op: "replace", path: "/metadata/name", value: "other" },
                    ],
                },
            ],
        });
        assert.match(message, /flts:cluster\.tiers\.gruu matches nothing.*it has: .*gru/);
        assert.match(message, /overrides\[0\] matches nothing.*no Deployment "mlfow"; it has: .*mlflow/);
        assert.match(
            message,
            /overrides\[1\] matches nothing.*no Pod "x"; kinds that it declares: .*Deployment/,
        );
        assert.match(
            message,
            /overrides\[2\] \(Deployment mlflow\), patch\[0\] replace \/spec\/nothing\/here: \S/,
        );
        assert.match(message, /patch\[1\] test \/spec\/replicas: \S/);
        assert.match(message, /patch\[2\] replace \/metadata\/name: it would name another object/);
    });
});
