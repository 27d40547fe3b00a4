import assert from "node:assert/strict";
import { contentHash } from "../../components/core/contentHash";
import { refuseDataLoss } from "../../components/core/data/dataLossGuard";
import { allowedLoss } from "../../components/core/data/allowedLoss";
import { deployment } from "../../components/core/pod/deployment";
import { environment, fromSecret, plain } from "../../components/core/pod/environment";
import { Images } from "../../components/core/pod/images";
import { objectLabels, selectorLabels } from "../../components/core/labels";
import { PREPARATION_RESOURCES } from "../../components/core/pod/pod";
import { statefulSet } from "../../components/core/pod/statefulSet";
import {
    clusterId,
    replicationFactor,
    serverProperties,
} from "../../components/infrastructure/kafka/kafkaConfig";
import { policyDocument } from "../../components/infrastructure/objectStore/objectStorePolicy";
import { topicDeclarations } from "../../components/contract";
import { quantity } from "../../components/core/quantity";

describe("content hash", () => {
    it("a content hash is the same for the same content in another order, and differs for other content", () => {
        assert.equal(contentHash({ a: 1, b: [1, 2] }), contentHash({ b: [1, 2], a: 1 }));
        assert.notEqual(contentHash({ a: 1 }), contentHash({ a: 2 }));
        assert.notEqual(contentHash([1, 2]), contentHash([2, 1]));
        assert.match(contentHash("x"), /^[0-9a-f]{10}$/);
    });
});

describe("labels", () => {
    it("labels select by name, stack and kind, and mark objects as part of flts", () => {
        const identity = { instance: "dev", name: "kafka", component: "job" };
        assert.deepEqual(selectorLabels(identity), {
            "app.kubernetes.io/name": "kafka",
            "app.kubernetes.io/instance": "dev",
            "app.kubernetes.io/component": "job",
        });
        assert.equal(objectLabels(identity)["app.kubernetes.io/part-of"], "flts");
    });
});

describe("environment", () => {
    it("an environment is sorted, the last of equal names counts, and undefined omits a variable", () => {
        assert.deepEqual(environment(plain({ B: 1, A: undefined, C: true }), plain({ B: 2 })), [
            { name: "B", value: "2" },
            { name: "C", value: "true" },
        ]);
    });

    it("an environment refers to a Secret's keys", () => {
        assert.deepEqual(fromSecret("s", { PASSWORD: "key" }), [
            { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "s", key: "key" } } },
        ]);
    });
});

describe("images", () => {
    it("images have the tag of their inputs, or a fixed one, and the registry's prefix", () => {
        assert.equal(
            new Images({ registry: undefined, tags: new Map([["trainer", "t1"]]) }).reference("trainer"),
            "flts/trainer:t1",
        );
        assert.equal(
            new Images({ registry: "mirror.example/x/", tags: new Map() }).reference("kafka"),
            "mirror.example/x/apache/kafka:4.3.1",
        );
    });
});

describe("data-loss guard", () => {
    it("the data-loss guard refuses with the object's name, unless it or everything is allowed", () => {
        assert.throws(() => {
            refuseDataLoss("postgres", ["kafka"]);
        }, /"postgres" holds data that this would delete.*FLTS_ALLOW_DATA_LOSS=postgres/);
        refuseDataLoss("postgres", ["postgres"]);
        refuseDataLoss("postgres", ["all"]);
    });

    it("the data-loss guard reads the names from a variable of the run, and rejects invalid ones", () => {
        assert.deepEqual(allowedLoss({}), []);
        assert.deepEqual(allowedLoss({ FLTS_ALLOW_DATA_LOSS: "" }), []);
        assert.deepEqual(allowedLoss({ FLTS_ALLOW_DATA_LOSS: "kafka, minio" }), ["kafka", "minio"]);
        assert.throws(
            () => allowedLoss({ FLTS_ALLOW_DATA_LOSS: '["kafka"]' }),
            /FLTS_ALLOW_DATA_LOSS has "\["kafka"\]", which no object is called/,
        );
    });
});

describe("Kafka configuration", () => {
    it("Kafka has a stable cluster id of 16 bytes that no tool mistakes for an option", () => {
        for (const namespace of ["flts", "a", "b", "c", "d", "e"]) {
            const id = clusterId(namespace, "kafka");
            assert.equal(id, clusterId(namespace, "kafka"));
            assert.equal(Buffer.from(id, "base64url").length, 16);
            assert.doesNotMatch(id, /^-/);
        }
    });

    // Promise: kafka-node-cluster
    it("Kafka replicates over the brokers that there are, and names every controller", () => {
        assert.deepEqual([1, 3, 5].map(replicationFactor), [1, 3, 3]);
        const text = serverProperties({ brokers: 3, name: "kafka", headlessHost: "h" });
        assert.match(
            text,
            /^controller\.quorum\.voters=0@kafka-0\.h:9093,1@kafka-1\.h:9093,2@kafka-2\.h:9093$/m,
        );
        assert.match(text, /^min\.insync\.replicas=2$/m);
        assert.match(text, /^auto\.create\.topics\.enable=false$/m);
    });

    // Promise: topics-exist-without-hand
    it("Kafka has nine topics, of which dead letters have one partition and a longer retention", () => {
        const topics = topicDeclarations({
            identifier: "",
            replicationFactor: 1,
            partitions: 4,
            retentionHours: 24,
            retentionBytes: 1024,
        });
        assert.equal(topics.length, 9);
        assert.deepEqual(
            topics.find(({ name }) => name === "training-data"),
            {
                name: "training-data",
                partitions: 4,
                replicationFactor: 1,
                config: { "retention.bytes": "1024", "retention.ms": "86400000" },
            },
        );
        assert.equal(topics.find(({ name }) => name === "DLQ-preprocess")?.partitions, 1);
    });
});

describe("object store policy", () => {
    it("a policy of the object store allows what was granted, on that bucket, and nothing else", () => {
        const { Statement: statements } = JSON.parse(policyDocument([{ bucket: "b", access: "read" }])) as {
            Statement: { Effect: string; Action: string[]; Resource: string[] }[];
        };
        assert.deepEqual(statements, [
            {
                Effect: "Allow",
                Action: ["s3:ListBucket", "s3:GetBucketLocation"],
                Resource: ["arn:aws:s3:::b"],
            },
            { Effect: "Allow", Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::b/*"] },
        ]);
    });
});

describe("quantity", () => {
    it("reads cores and bytes", () => {
        assert.equal(quantity("250m"), 0.25);
        assert.equal(quantity("2"), 2);
        assert.equal(quantity("1.5Gi"), 1.5 * 2 ** 30);
        assert.throws(() => quantity("2 GB"), /"2 GB" is not a quantity/);
    });
});

describe("a Deployment", () => {
    const metadata = { name: "worker", namespace: "flts", labels: {} };
    const made = (replicas: number | undefined, annotations?: Record<string, string>) =>
        deployment(annotations === undefined ? metadata : { ...metadata, annotations }, {
            labels: { app: "worker" },
            serviceAccountName: "worker",
            strategy: "Recreate",
            replicas,
            container: {
                name: "worker",
                image: "flts/worker:1",
                command: ["work"],
                resources: PREPARATION_RESOURCES,
            },
        }).metadata;

    it("an update waits for all new pods of a Deployment, and for the end of all others", () => {
        assert.deepEqual(made(2), {
            ...metadata,
            annotations: {
                "pulumi.com/waitFor": JSON.stringify([
                    "jsonpath={.status.updatedReplicas}=2",
                    "jsonpath={.status.replicas}=2",
                    "jsonpath={.status.availableReplicas}=2",
                ]),
            },
        });
    });

    it("an update waits for a StatefulSet as well", () => {
        const { metadata: stateful } = statefulSet(metadata, {
            pod: { labels: { app: "worker" }, serviceAccountName: "worker", user: 1, containers: [] },
            replicas: 2,
            serviceName: "worker",
            storage: "1Gi",
            storageClass: undefined,
        });
        assert.deepEqual(stateful, made(2));
    });

    it("an update waits for no number of pods that an autoscaler sets, nor if it must not wait", () => {
        assert.deepEqual(made(undefined), metadata);
        const annotations = { "pulumi.com/skipAwait": "true" };
        assert.deepEqual(made(1, annotations), { ...metadata, annotations });
    });
});
