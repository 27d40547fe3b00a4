import assert from "node:assert/strict";
import { imageTags } from "../../components/core/pod/imageTags";
import type { Recorded } from "../support/mocks";
import { containers, workloads, type Workload } from "../support/objects";
import { deployProgram, settings } from "../support/program";

const NETWORKS = ["train-gru", "train-lstm"];
/** A GPU, and everything that can be said of it. */
const GPU = {
    count: 1,
    resource: "gpu.example/slice",
    memory: "6Gi",
    nodeSelector: { gpu: "t4" },
    tolerations: [{ key: "dedicated", value: "gpu", effect: "NoSchedule" }],
    runtimeClass: "nvidia",
};

async function deployed(training: object, cluster: object = {}): Promise<readonly Recorded[]> {
    return (await deployProgram(settings({ training, cluster }))).resources;
}

/** A trainer's pods. */
function trainer(resources: readonly Recorded[], name: string): Workload {
    return workloads(resources).find((each) => each.name === name) ?? assert.fail(`there is no ${name}`);
}

describe("flts:training.gpu", function () {
    this.timeout(60_000);

    let plain: readonly Recorded[];
    let withGpu: readonly Recorded[];

    before(async () => {
        plain = await deployed({});
        withGpu = await deployed({ gpu: GPU });
    });

    it("changes no object and no image tag while its count is 0", async () => {
        assert.deepEqual(await deployed({ gpu: { ...GPU, count: 0 } }), plain);
        assert.ok(!JSON.stringify(plain).includes("nvidia.com/gpu"));
        assert.ok(!JSON.stringify(plain).includes("trainer-cuda"));
    });

    it("changes the trainers of networks and no other object", () => {
        const changed = (resources: readonly Recorded[]): Recorded[] =>
            resources.filter(({ name, type }) => !(NETWORKS.includes(name) && type.endsWith(":Deployment")));
        assert.deepEqual(changed(withGpu), changed(plain));
    });

    // Promise: training-gpu
    it("requests and limits GPUs, gives memory of its own, and runs the variant of the image that needs a GPU", () => {
        for (const name of NETWORKS) {
            const [container] = containers(trainer(withGpu, name));
            const { requests, limits } = container?.resources ?? assert.fail();
            assert.equal(limits["gpu.example/slice"], "1");
            assert.equal(requests["gpu.example/slice"], "1", "both are equal for an extended resource");
            assert.deepEqual([requests.memory, limits.memory], ["6Gi", "6Gi"]);
            assert.equal(limits.cpu, "2");
            assert.equal(container?.image, `flts/trainer-cuda:${imageTags().get("trainer-cuda") ?? ""}`);
            assert.deepEqual(
                container.env.filter(({ name }) => name === "REQUIRE_GPU"),
                [{ name: "REQUIRE_GPU", value: "true" }],
            );
        }
    });

    it("does not change the memory of other trainers, or if it sets none", async () => {
        const [container] = containers(trainer(await deployed({ gpu: { count: 2 } }), "train-gru"));
        assert.equal(container?.resources.limits["nvidia.com/gpu"], "2");
        assert.equal(container.resources.limits.memory, "2Gi");
    });

    it("schedules pods on nodes with GPUs, whose usual taint they tolerate", () => {
        for (const name of NETWORKS) {
            const { nodeSelector, tolerations, runtimeClassName } = trainer(withGpu, name).template.spec;
            assert.deepEqual(nodeSelector, { gpu: "t4" });
            assert.equal(runtimeClassName, "nvidia");
            assert.deepEqual(tolerations, [
                { key: "gpu.example/slice", operator: "Exists", effect: "NoSchedule" },
                ...GPU.tolerations,
            ]);
        }
    });

    it("the setting is merged with flts:cluster, which has precedence for the same label", async () => {
        const resources = await deployed(
            { gpu: GPU },
            {
                nodeSelector: { pool: "flts" },
                tolerations: [{ key: "spot", operator: "Exists" }],
                tiers: { "train-lstm": { nodeSelector: { gpu: "a100" } } },
            },
        );
        const selectors = NETWORKS.map((name) => trainer(resources, name).template.spec.nodeSelector);
        assert.deepEqual(selectors, [
            { gpu: "t4", pool: "flts" },
            { gpu: "a100", pool: "flts" },
        ]);
        const keys = trainer(resources, "train-gru").template.spec.tolerations.map(({ key }) => key);
        assert.deepEqual(keys, ["gpu.example/slice", "dedicated", "spot"]);
        assert.deepEqual(trainer(resources, "nonml-prophet").template.spec.nodeSelector, { pool: "flts" });
    });

    for (const [what, training, message] of [
        [
            "without a family that uses one",
            { models: ["PROPHET"], gpu: { count: 1 } },
            /training\.gpu\.count = 1: is for the families GRU and LSTM/,
        ],
        [
            "by a resource that is Kubernetes' own",
            { gpu: { count: 1, resource: "cpu" } },
            /training\.gpu\.resource = "cpu": must be a domain, a slash and a name/,
        ],
        ["in parts", { gpu: { count: 0.5 } }, /training\.gpu\.count = 0\.5: must be a whole number/],
        ["with a misspelt key", { gpu: { count: 1, memroy: "6Gi" } }, /training\.gpu\.memroy/],
    ] as const) {
        it(`the setting is refused ${what}, with setting, value and fix`, () => {
            assert.throws(() => settings({ training }), message);
        });
    }
});
