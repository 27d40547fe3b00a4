import assert from "node:assert/strict";
import type { TopicOwnership } from "../../components/infrastructure/kafka/topicOwnership";
import type { Recorded } from "../support/mocks";
import { one } from "../support/objects";
import { deployProgram, settings } from "../support/program";

/** Files of the Job that declares the topics. */
function filesOf(resources: readonly Recorded[]): Readonly<Record<string, string>> {
    const { data } = one(resources, "kubernetes:core/v1:ConfigMap", "kafka-topics").inputs as {
        data: Record<string, string>;
    };
    return data;
}

interface JobSpec {
    readonly backoffLimit: number;
    readonly podFailurePolicy?: object;
    readonly template: {
        readonly spec: {
            readonly containers: readonly {
                readonly command: readonly string[];
                readonly terminationMessagePolicy: string;
            }[];
        };
    };
}

describe("topics in Kafka", function () {
    this.timeout(30_000);

    // Promise: kafka-topics-one-owner
    it("the owner of topics in external brokers is recorded, and the Job fails while the update waits for it if another stack owns them", async () => {
        const external = { bootstrapServers: "kafka.example:9094" };
        const { resources } = await deployProgram(settings({ kafka: { external }, identifier: "city" }));
        const ownership = JSON.parse(filesOf(resources)["ownership.json"] ?? "") as TopicOwnership;
        assert.deepEqual(ownership, {
            topic: {
                name: "city.flts-owner",
                partitions: 1,
                replicationFactor: 3,
                config: { "cleanup.policy": "compact" },
            },
            identifier: "city",
            owner: { stack: "organization/flts/test", namespace: "flts", cluster: "test-cluster" },
            formerOwner: "",
            groups: [
                "city.train-gru",
                "city.train-lstm",
                "city.nonml-prophet",
                "city.eval-promoter",
                "city.batch-forecasting",
            ],
        });
        const { backoffLimit, podFailurePolicy, template } = (
            one(resources, "kubernetes:batch/v1:Job", "kafka-topics").inputs as { spec: JobSpec }
        ).spec;
        // Three tries of three minutes: Pulumi waits for ten, and for a Job that a policy ends to the last.
        assert.equal(backoffLimit, 2);
        assert.equal(podFailurePolicy, undefined);
        const [container] = template.spec.containers;
        assert.deepEqual(container?.command.slice(-3), [
            "/etc/flts/topics.json",
            "/etc/flts/users.json",
            "/etc/flts/ownership.json",
        ]);
        assert.equal(container.terminationMessagePolicy, "FallbackToLogsOnError");
    });

    it("topics in the stack's own brokers have no recorded owner, because no other stack reaches them", async () => {
        const { resources } = await deployProgram(settings());
        assert.deepEqual(Object.keys(filesOf(resources)), ["topics.json", "users.json"]);
    });
});
