import assert from "node:assert/strict";
import { imageTags } from "../../components/core/pod/imageTags";
import { GENERATED_SECRET, type Recorded } from "../support/mocks";
import { ofType, one, workloads, type Container } from "../support/objects";
import { deployProgram, settings } from "../support/program";

const RUN = "0123456789abcdef".repeat(2);
const DEPLOYMENT = "kubernetes:apps/v1:Deployment";

/** The one container of a Deployment. */
function containerOf(resources: readonly Recorded[], name: string): Container {
    const found = workloads(resources).find((workload) => workload.name === name)?.template.spec
        .containers[0];
    assert.ok(found, name);
    return found;
}

function environmentOf(resources: readonly Recorded[], name: string): Record<string, string | undefined> {
    return Object.fromEntries(
        containerOf(resources, name).env.map((variable) => [variable.name, variable.value]),
    );
}

function haproxyConfigOf(resources: readonly Recorded[]): string {
    const { data } = one(resources, "kubernetes:core/v1:ConfigMap", "inference-lb").inputs as {
        data: Record<string, string>;
    };
    return data["haproxy.cfg"] ?? "";
}

describe("a canary", () => {
    let plain: readonly Recorded[];
    let pinned: readonly Recorded[];

    before(async () => {
        plain = (await deployProgram(settings())).resources;
        pinned = (await deployProgram(settings({ serving: { canary: { runId: RUN, weight: 20 } } })))
            .resources;
    });

    it("a canary is not deployed by default", () => {
        assert.deepEqual(
            plain.filter(({ name }) => name.includes("canary")),
            [],
        );
        assert.doesNotMatch(haproxyConfigOf(plain), /canary/);
    });

    it("a canary is a second version with its own pods, Services and account, and the stable version's credentials", () => {
        for (const [type, name] of [
            [DEPLOYMENT, "inference-canary"],
            ["kubernetes:core/v1:Service", "inference-canary"],
            ["kubernetes:core/v1:Service", "inference-canary-headless"],
            ["kubernetes:core/v1:ServiceAccount", "inference-canary"],
        ] as const) {
            one(pinned, type, name);
        }
        const environment = environmentOf(pinned, "inference-canary");
        assert.equal(environment.PINNED_RUN_ID, RUN);
        assert.equal(environmentOf(pinned, "inference").PINNED_RUN_ID, undefined);
        const users = (resources: readonly Recorded[]): number =>
            ofType(resources, "minio:index/iamUser:IamUser").length;
        assert.equal(users(pinned), users(plain));
        assert.doesNotMatch(JSON.stringify(environment), new RegExp(GENERATED_SECRET));
    });

    it("adding a canary does not roll the stable version", () => {
        const deployment = (resources: readonly Recorded[]): unknown =>
            one(resources, DEPLOYMENT, "inference").inputs;
        assert.deepEqual(deployment(pinned), deployment(plain));
    });

    it("a canary gets its share of requests, and none at weight 0, without being deleted", async () => {
        assert.match(haproxyConfigOf(pinned), /use_backend inference-canary if \{ rand\(100\) lt 20 \}/);
        const { resources } = await deployProgram(settings({ serving: { canary: { runId: RUN } } }));
        assert.doesNotMatch(haproxyConfigOf(resources), /use_backend/);
        one(resources, DEPLOYMENT, "inference-canary");
    });

    it("changing the weight of a canary rolls the load balancer", () => {
        const checksum = (resources: readonly Recorded[]): unknown =>
            workloads(resources).find(({ name }) => name === "inference-lb")?.template.metadata.annotations;
        assert.notDeepEqual(checksum(pinned), checksum(plain));
    });

    it("a canary's image comes from the mirror and follows promotions", async () => {
        const { resources } = await deployProgram(
            settings({
                imageRegistry: "mirror.example",
                serving: { canary: { image: "flts/inference:next", weight: 5 } },
            }),
        );
        const { image } = containerOf(resources, "inference-canary");
        assert.equal(image, "mirror.example/flts/inference:next");
        assert.equal(
            containerOf(resources, "inference").image,
            `mirror.example/flts/inference:${imageTags().get("inference") ?? ""}`,
        );
        assert.equal(environmentOf(resources, "inference-canary").PINNED_RUN_ID, undefined);
    });

    it("a canary is scaled like the stable version, with its own budget", async () => {
        const { resources } = await deployProgram(
            settings({
                inference: { autoscaling: { enabled: true, minReplicas: 2, maxReplicas: 6 } },
                serving: { canary: { runId: RUN, weight: 100 } },
            }),
        );
        const scaler = one(
            resources,
            "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
            "inference-canary",
        );
        assert.equal((scaler.inputs.spec as { maxReplicas: number }).maxReplicas, 6);
        one(resources, "kubernetes:policy/v1:PodDisruptionBudget", "inference-canary");
    });
});

describe("stopping", () => {
    it("the load balancer's grace period is longer than its longest request", async () => {
        const { resources } = await deployProgram(settings({ loadBalancer: { requestTimeoutSeconds: 120 } }));
        const pod = workloads(resources).find(({ name }) => name === "inference-lb")?.template.spec;
        assert.ok(pod);
        assert.match(haproxyConfigOf(resources), /hard-stop-after 120s/);
        assert.ok(pod.terminationGracePeriodSeconds > 120);
        const hook = pod.containers[0]?.lifecycle.preStop.exec.command.join(" ") ?? "";
        assert.match(hook, /kill -USR1 1; sleep 120$/);
    });

    it("inference answers requests that the load balancer sends before it notices the stop", async () => {
        const { resources } = await deployProgram(settings());
        const drain = Number(environmentOf(resources, "inference").DRAIN_SECONDS);
        // Three failed checks, a second and two half ones apart.
        assert.ok(drain > 2, String(drain));
    });

    it("the load balancer does not see pods that are not ready", async () => {
        const { resources } = await deployProgram(settings());
        const { spec } = one(resources, "kubernetes:core/v1:Service", "inference-headless").inputs as {
            spec: { clusterIP: string; publishNotReadyAddresses?: boolean };
        };
        assert.equal(spec.clusterIP, "None");
        assert.notEqual(spec.publishNotReadyAddresses, true);
    });
});
