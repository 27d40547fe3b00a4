import assert from "node:assert/strict";
import * as fc from "fast-check";
import { contradictions } from "../../stacks/settings/contradictions";
import type { Settings } from "../../stacks/settings/schema";
import { GENERATED_SECRET, type Recorded } from "../support/mocks";
import { containers, ofType, workloads, type NetworkPolicySpec } from "../support/objects";
import { deployProgram, settings } from "../support/program";

/** Settings from everywhere in their space; the ones that contradict each other are left out. */
const anySettings: fc.Arbitrary<Settings> = fc
    .record({
        identifier: fc.constantFrom("", "team-a", "x"),
        imageRegistry: fc.constantFrom(undefined, "mirror.example", "mirror.example:5000/flts"),
        namespace: fc.constantFrom("flts", "flts-two"),
        storageClass: fc.constantFrom(undefined, "fast"),
        credentials: fc.record({ epoch: fc.integer({ min: 1, max: 9 }) }),
        kafka: fc.record({ brokers: fc.constantFrom(1, 3, 5), partitions: fc.integer({ min: 1, max: 64 }) }),
        objectStore: fc.record({
            chart: fc.constant("/charts/minio.tgz"),
            mode: fc.constantFrom("standalone", "distributed"),
            console: fc.constantFrom({ type: "ClusterIP" }, { type: "NodePort", nodePort: 30901 }),
        }),
        postgres: fc.record({
            access: fc.constantFrom({ mode: "tunnel" }, { mode: "direct", host: "db.example" }),
        }),
        mlflow: fc.record({ service: fc.constantFrom({ type: "ClusterIP" }, { type: "NodePort" }) }),
        preprocess: fc.record({ scaler: fc.constantFrom("none", "RobustScaler"), handleNans: fc.boolean() }),
        training: fc.record({
            models: fc.subarray(["GRU", "LSTM", "PROPHET"], { minLength: 1 }),
            epochs: fc.integer({ min: 1, max: 100 }),
        }),
        inference: fc.constantFrom(
            {},
            { replicas: 3 },
            { autoscaling: { enabled: true, minReplicas: 1, maxReplicas: 50 } },
            { autoscaling: { enabled: true, minReplicas: 2, maxReplicas: 4 } },
        ),
        loadBalancer: fc.record({
            replicas: fc.integer({ min: 1, max: 10 }),
            service: fc.constantFrom(
                { type: "ClusterIP" },
                { type: "NodePort", nodePort: 30023 },
                { type: "LoadBalancer" },
            ),
        }),
    })
    .map((overrides) => settings(overrides))
    .filter((chosen) => contradictions(chosen).length === 0);

/** Points of the space that are tried in one run; more with `FLTS_PROPERTY_RUNS`. */
const RUNS = Number(process.env.FLTS_PROPERTY_RUNS ?? 10);
/** Names the points, so that a failure can be seen again. */
const SEED = Number(process.env.FLTS_PROPERTY_SEED ?? Date.now() % 1_000_000);

describe(`for any settings (${RUNS} tried, FLTS_PROPERTY_SEED=${SEED})`, function () {
    this.timeout(RUNS * 20_000);
    const deployed: { readonly chosen: Settings; readonly resources: readonly Recorded[] }[] = [];

    // Deployed once and looked at from all sides: a deployment takes a second, a look none.
    before(async () => {
        for (const chosen of fc.sample(anySettings, { numRuns: RUNS, seed: SEED })) {
            deployed.push({ chosen, resources: (await deployProgram(chosen)).resources });
        }
    });

    function forAnySettings(check: (resources: readonly Recorded[], chosen: Settings) => void): void {
        for (const { chosen, resources } of deployed) {
            try {
                check(resources, chosen);
            } catch (error) {
                throw new Error(`fails for ${JSON.stringify(chosen)}`, { cause: error });
            }
        }
    }

    it("every pod passes the Pod Security Standard restricted, without a token", () => {
        forAnySettings((resources) => {
            for (const workload of workloads(resources)) {
                const { spec } = workload.template;
                assert.equal(spec.automountServiceAccountToken, false, workload.name);
                assert.equal(spec.enableServiceLinks, false, workload.name);
                assert.equal(spec.securityContext.runAsNonRoot, true, workload.name);
                assert.ok(spec.securityContext.runAsUser > 0, workload.name);
                assert.equal(spec.securityContext.seccompProfile.type, "RuntimeDefault", workload.name);
                assert.doesNotMatch(
                    JSON.stringify(spec),
                    /hostNetwork|hostPID|hostIPC|hostPath/,
                    workload.name,
                );
                for (const { securityContext } of containers(workload)) {
                    assert.deepEqual(securityContext, {
                        runAsNonRoot: true,
                        allowPrivilegeEscalation: false,
                        readOnlyRootFilesystem: true,
                        capabilities: { drop: ["ALL"] },
                    });
                }
            }
        });
    });

    it("every container has requests and limits, a command, and probes unless it ends by itself", () => {
        forAnySettings((resources) => {
            for (const workload of workloads(resources)) {
                for (const container of containers(workload)) {
                    const { requests, limits } = container.resources;
                    for (const amount of [requests.cpu, requests.memory, limits.cpu, limits.memory]) {
                        assert.match(amount ?? "", /^\d/, container.name);
                    }
                    assert.ok(container.command.length > 0, container.name);
                }
                if (workload.kind !== "Job") {
                    for (const container of workload.template.spec.containers) {
                        for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"] as const) {
                            assert.ok(container[probe].periodSeconds > 0, `${container.name} ${probe}`);
                        }
                    }
                }
            }
        });
    });

    it("no secret is anywhere but in Secrets, users and providers", () => {
        forAnySettings((resources) => {
            const allowed =
                /^(kubernetes:core\/v1:Secret|pulumi:providers:|minio:index\/iamUser:|postgresql:index\/role:)/;
            for (const { type, name, inputs } of resources) {
                assert.ok(
                    allowed.test(type) || !JSON.stringify(inputs).includes(GENERATED_SECRET),
                    `${type} ${name}`,
                );
            }
        });
    });

    it("names are legal and unique", () => {
        forAnySettings((resources) => {
            const seen = new Set<string>();
            for (const { type, inputs } of resources) {
                const name = (inputs.metadata as { name?: string } | undefined)?.name;
                if (name !== undefined) {
                    assert.match(name, /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
                    assert.ok(!seen.has(`${type} ${name}`), `${type} ${name} twice`);
                    seen.add(`${type} ${name}`);
                }
            }
        });
    });

    it("no image escapes the registry", () => {
        forAnySettings((resources, { imageRegistry }) => {
            if (imageRegistry === undefined) {
                return;
            }
            for (const workload of workloads(resources)) {
                for (const { image } of containers(workload)) {
                    assert.ok(image.startsWith(`${imageRegistry}/`), image);
                }
            }
            for (const { inputs } of ofType(resources, "kubernetes:helm.sh/v3:Release")) {
                const { image } = inputs.values as { image: { repository: string } };
                assert.ok(image.repository.startsWith(`${imageRegistry}/`), image.repository);
            }
        });
    });

    it("several replicas have a disruption budget and are spread over nodes", () => {
        forAnySettings((resources) => {
            const budgets = new Set(
                ofType(resources, "kubernetes:policy/v1:PodDisruptionBudget").map(({ name }) => name),
            );
            for (const { type, name, inputs } of resources) {
                if (/:(Deployment|StatefulSet)$/.test(type)) {
                    const { replicas } = inputs.spec as { replicas?: number };
                    assert.equal(
                        budgets.has(name),
                        replicas === undefined ? budgets.has(name) : replicas > 1,
                        name,
                    );
                    if (replicas !== undefined && replicas > 1) {
                        const { template } = inputs.spec as { template: { spec: object } };
                        assert.ok("topologySpreadConstraints" in template.spec, name);
                    }
                }
            }
        });
    });

    it("the allowed edges are exactly the declared ones, open on both sides", () => {
        forAnySettings((resources, chosen) => {
            assert.deepEqual(edges(resources, "Egress"), declaredEdges(chosen));
            assert.deepEqual(edges(resources, "Ingress"), declaredEdges(chosen));
        });
    });
});

/** Edges that the policies of one direction allow between tiers, as "client -> server:port". */
function edges(resources: readonly Recorded[], direction: "Egress" | "Ingress"): string[] {
    const nameOf = (labels: Record<string, string>): string => labels["app.kubernetes.io/name"] ?? "";
    return ofType(resources, "kubernetes:networking.k8s.io/v1:NetworkPolicy")
        .map(({ inputs }) => inputs.spec as NetworkPolicySpec)
        .filter((spec) => "matchLabels" in spec.podSelector && spec.policyTypes[0] === direction)
        .flatMap((spec) => {
            const self = nameOf(spec.podSelector.matchLabels);
            const rules = direction === "Egress" ? spec.egress : spec.ingress;
            return rules.flatMap((rule) => {
                const peers = ("to" in rule ? rule.to : (rule as { from?: unknown }).from) as
                    { podSelector: { matchLabels: Record<string, string> } }[] | undefined;
                return (peers ?? []).flatMap((peer) =>
                    rule.ports.map(({ port }) => {
                        const other = nameOf(peer.podSelector.matchLabels);
                        const [client, server] = direction === "Egress" ? [self, other] : [other, self];
                        return `${client} -> ${server}:${String(port)}`;
                    }),
                );
            });
        })
        .sort();
}

/** What may talk to what: the picture of the architecture, written by hand. */
function declaredEdges({ training }: Settings): string[] {
    const kafka = (client: string): string => `${client} -> kafka:9092`;
    const minio = (client: string): string => `${client} -> minio:9000`;
    const mlflow = (client: string): string => `${client} -> mlflow:5000`;
    const learners = ["eval", "inference", ...training.models.map((type) => `train-${type.toLowerCase()}`)];
    return [
        kafka("kafka"),
        "kafka -> kafka:9093",
        kafka("kafka-topics"),
        kafka("preprocess"),
        minio("preprocess"),
        minio("mlflow"),
        "mlflow -> postgres:5432",
        "inference-lb -> inference:8000",
        ...learners.flatMap((client) => [kafka(client), minio(client), mlflow(client)]),
    ].sort();
}
