import assert from "node:assert/strict";
import { Brokers } from "./support/brokers";
import { NOT_ADMITTED, attempt, declare, signedIn, type Environment } from "./support/services";

/** Settings as versions before 0.2.0 had them: no encryption, no users, no permissions. */
function withoutUsers(properties: string): string {
    return properties
        .split("\n")
        .filter((line) => !/^(listener\.name\.|sasl\.|authorizer\.|super\.users)/.test(line))
        .join("\n")
        .replaceAll("CLIENTS", "PLAINTEXT")
        .replaceAll("SASL_PLAINTEXT", "PLAINTEXT");
}

for (const count of [1, 3]) {
    describe(`users of ${count === 1 ? "one broker" : "three brokers"}`, function () {
        this.timeout(300_000);

        const brokers = new Brokers(count);
        const as = (user: string, password = `${user}-1`): Environment =>
            signedIn(brokers.bootstrapServers, user, password);
        const asAdmin = (password: string): Environment =>
            signedIn(brokers.bootstrapServers, "admin", password, "PLAIN");

        before(async () => {
            await brokers.prepare();
            const anonymous = { KAFKA_BOOTSTRAP_SERVERS: brokers.bootstrapServers };
            await brokers.start({ broker: "unused", admin: "unused" }, withoutUsers, "4.0");
            declare(brokers.directory, anonymous, count);
            assert.equal(attempt(anonymous, "publish", "training-data"), "sent");
            await brokers.stop();
            // The update: the same volumes, all brokers at once.
            await brokers.start({ broker: "broker-1", admin: "admin-1" });
            declare(brokers.directory, asAdmin("admin-1"), count, (user) => `${user}-1`);
        });

        after(() => {
            brokers.remove();
        });

        // Promise: service-reaches-own-topics
        it("users get messages that were written before there were users, each trainer in its own group", () => {
            assert.equal(attempt(as("train-gru"), "take", "training-data", "train-gru"), "sent");
            assert.equal(attempt(as("nonml-prophet"), "take", "training-data", "nonml-prophet"), "sent");
        });

        // Several brokers admit the same as one.
        if (count === 1) {
            it("users may do what their services do", () => {
                for (const [user, topic] of [
                    ["preprocess", "inference-data"],
                    ["train-gru", "model-training"],
                    ["eval", "model-selected"],
                    ["inference", "DLQ-performance-eval"],
                ] as const) {
                    assert.equal(attempt(as(user), "publish", topic), "sent", `${user} to ${topic}`);
                }
                assert.equal(attempt(as("eval"), "take", "model-training", "eval-promoter"), "sent");
                assert.equal(attempt(as("inference"), "take", "inference-data", "batch-forecasting"), "sent");
                assert.equal(
                    attempt(as("inference"), "follow", "model-selected", "batch-forecasting"),
                    "sent",
                );
            });

            // Promise: service-reaches-own-topics
            it("users may neither read nor write topics of other services, nor join their groups", () => {
                const topic = "TOPIC_AUTHORIZATION_FAILED";
                const group = "GROUP_AUTHORIZATION_FAILED";
                assert.equal(attempt(as("inference"), "publish", "model-selected"), topic);
                assert.equal(attempt(as("train-gru"), "publish", "training-data"), topic);
                assert.equal(attempt(as("kafka-lag"), "follow", "training-data", "train-gru"), topic);
                assert.equal(attempt(as("preprocess"), "take", "training-data", "train-gru"), group);
                assert.equal(attempt(as("train-lstm"), "take", "training-data", "train-gru"), group);
                assert.equal(attempt(as("inference"), "take", "training-data", "batch-forecasting"), topic);
            });

            // Promise: service-reaches-own-topics
            it("clients without a password, or with another user's, are refused", () => {
                const anonymous = { KAFKA_BOOTSTRAP_SERVERS: brokers.bootstrapServers };
                assert.match(
                    attempt(anonymous, "follow", "model-selected", "batch-forecasting"),
                    NOT_ADMITTED,
                );
                assert.match(
                    attempt(as("eval", "eval-2"), "follow", "model-training", "eval-promoter"),
                    NOT_ADMITTED,
                );
                // The broker did not just keep everyone waiting.
                assert.equal(
                    attempt(as("inference"), "follow", "model-selected", "batch-forecasting"),
                    "sent",
                );
            });

            it("people can use Kafka's own tools as the administrator", () => {
                const { status, output } = brokers.tool(
                    "org.apache.kafka.tools.TopicCommand",
                    "--list",
                    "--bootstrap-server",
                    brokers.bootstrapServers,
                    "--command-config",
                    brokers.adminConfig(),
                );
                assert.equal(status, 0, output);
                assert.match(output, /^city\.training-data$/m);
            });

            it("brokers use newer metadata after the administrator enables it", () => {
                const features = (...args: string[]): string => {
                    const { status, output } = brokers.tool(
                        "org.apache.kafka.tools.FeatureCommand",
                        "--bootstrap-server",
                        brokers.bootstrapServers,
                        "--command-config",
                        brokers.adminConfig(),
                        ...args,
                    );
                    assert.equal(status, 0, output);
                    return output;
                };
                assert.match(features("describe"), /metadata\.version.*FinalizedVersionLevel: 4\.0/);
                features("upgrade", "--release-version", "4.3");
                assert.match(features("describe"), /metadata\.version.*FinalizedVersionLevel: 4\.3/);
                assert.equal(attempt(as("preprocess"), "publish", "training-data"), "sent");
            });
        }

        it("users have new passwords after a rotation, and the old ones are refused", async () => {
            await brokers.stop();
            await brokers.start({ broker: "broker-2", admin: "admin-2" });
            declare(brokers.directory, asAdmin("admin-2"), count, (user) => `${user}-2`);
            assert.match(attempt(as("eval"), "follow", "model-training", "eval-promoter"), NOT_ADMITTED);
            assert.equal(attempt(as("preprocess", "preprocess-2"), "publish", "training-data"), "sent");
        });
    });
}
