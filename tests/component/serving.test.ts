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

    it("is not there by default", () => {
        assert.deepEqual(
            plain.filter(({ name }) => name.includes("canary")),
            [],
        );
        assert.doesNotMatch(haproxyConfigOf(plain), /canary/);
    });

    it("is a second version with its own pods, Services and account, and the first one's credentials", () => {
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

    it("leaves the first version as it was, so that nothing of it is rolled", () => {
        const deployment = (resources: readonly Recorded[]): unknown =>
            one(resources, DEPLOYMENT, "inference").inputs;
        assert.deepEqual(deployment(pinned), deployment(plain));
    });

    it("gets its share of requests, and gives it back at weight 0 without being taken down", async () => {
        assert.match(haproxyConfigOf(pinned), /use_backend inference-canary if \{ rand\(100\) lt 20 \}/);
        const { resources } = await deployProgram(settings({ serving: { canary: { runId: RUN } } }));
        assert.doesNotMatch(haproxyConfigOf(resources), /use_backend/);
        one(resources, DEPLOYMENT, "inference-canary");
    });

    it("rolls the load balancer when its weight changes", () => {
        const checksum = (resources: readonly Recorded[]): unknown =>
            workloads(resources).find(({ name }) => name === "inference-lb")?.template.metadata.annotations;
        assert.notDeepEqual(checksum(pinned), checksum(plain));
    });

    it("runs an image of its own, through the mirror, and follows promotions with it", async () => {
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

    it("is scaled like the first version, with a budget of its own", async () => {
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
    it("waits longer for the load balancer than its longest request", async () => {
        const { resources } = await deployProgram(settings({ loadBalancer: { requestTimeoutSeconds: 120 } }));
        const pod = workloads(resources).find(({ name }) => name === "inference-lb")?.template.spec;
        assert.ok(pod);
        assert.match(haproxyConfigOf(resources), /hard-stop-after 120s/);
        assert.ok(pod.terminationGracePeriodSeconds > 120);
        const hook = pod.containers[0]?.lifecycle.preStop.exec.command.join(" ") ?? "";
        assert.match(hook, /kill -USR1 1; sleep 120$/);
    });

    it("gives inference time to answer what the load balancer sends before it notices", async () => {
        const { resources } = await deployProgram(settings());
        const drain = Number(environmentOf(resources, "inference").DRAIN_SECONDS);
        // Three failed checks, a second and two half ones apart.
        assert.ok(drain > 2, String(drain));
    });

    it("keeps pods that are not ready out of the load balancer's sight", async () => {
        const { resources } = await deployProgram(settings());
        const { spec } = one(resources, "kubernetes:core/v1:Service", "inference-headless").inputs as {
            spec: { clusterIP: string; publishNotReadyAddresses?: boolean };
        };
        assert.equal(spec.clusterIP, "None");
        assert.notEqual(spec.publishNotReadyAddresses, true);
    });
});
