import assert from "node:assert/strict";
import { waitWithoutPods } from "../../components/access/scaleDown";
import { KAFKA_USERS, topicsOf } from "../../components/contract";
import { mustStopFirst, PEERS_ANNOTATION } from "../../components/infrastructure/kafka/brokersStop";
import { grantsOf } from "../../components/infrastructure/kafka/kafkaUsers";

const brokers = (replicas: number, peers?: string): object => ({
    spec: {
        replicas,
        template: {
            metadata: { annotations: peers === undefined ? {} : { [PEERS_ANNOTATION]: peers } },
        },
    },
});

describe("brokers before an update", () => {
    it("brokers stop together if the old ones would not admit the new ones", () => {
        assert.equal(mustStopFirst(brokers(3), brokers(3, "sasl-1")), true);
        assert.equal(mustStopFirst(brokers(3, "sasl-1"), brokers(3, "sasl-2")), true);
    });

    it("brokers are rolled one by one for any other change, and a single one always", () => {
        assert.equal(mustStopFirst(brokers(3, "sasl-1"), brokers(3, "sasl-1")), false);
        assert.equal(mustStopFirst(brokers(1), brokers(1, "sasl-1")), false);
    });

    it("an update waits until no old broker is left, and names those that do not end", async () => {
        const left = [2, 1, 0];
        const asked: string[] = [];
        const api = {
            scaleToZero: () => {
                asked.push("scale");
                return Promise.resolve(true);
            },
            pods: () => Promise.resolve(left.shift() ?? 0),
        };
        await waitWithoutPods(api, "kafka", 10);
        assert.deepEqual([asked, left], [["scale"], []]);
        const stuck = { ...api, pods: () => Promise.resolve(1) };
        await assert.rejects(waitWithoutPods(stuck, "kafka", 0.01), /pods of StatefulSet kafka did not end/);
        const missing = {
            scaleToZero: () => Promise.resolve(false),
            pods: () => Promise.reject(new Error()),
        };
        await waitWithoutPods(missing, "kafka", 0.01);
    });
});

describe("permissions in Kafka", () => {
    const all = KAFKA_USERS.map((user) => ({ user, grants: grantsOf("city", user) }));

    it("permissions in Kafka are only for names of the stack's own pipeline", () => {
        for (const { user, grants } of all) {
            assert.ok(grants.length > 0, user);
            assert.ok(
                grants.every(({ name }) => name.startsWith("city.")),
                user,
            );
        }
    });

    it("permissions in Kafka give each topic one tier that writes it", () => {
        const trainers = ["nonml-prophet", "train-gru", "train-lstm"];
        for (const topic of Object.values(topicsOf("city"))) {
            const writers = all
                .filter(({ grants }) =>
                    grants.some(({ name, operation }) => name === topic && operation === "write"),
                )
                .map(({ user }) => user)
                .sort();
            assert.ok(
                writers.length === 1 || JSON.stringify(writers) === JSON.stringify(trainers),
                `${topic}: ${writers.join(", ")}`,
            );
        }
    });

    it("the exporter may read no message", () => {
        const exporter = all.find(({ user }) => user === "kafka-lag");
        assert.deepEqual(new Set(exporter?.grants.map(({ operation }) => operation)), new Set(["describe"]));
    });
});
