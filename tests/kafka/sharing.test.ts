import assert from "node:assert/strict";
import { Brokers } from "./support/brokers";
import { declare, declareBeside, signedIn, stayInGroup, type SharingStack } from "./support/services";

/** What docs/stacks.md has the user of external brokers be allowed to do. */
const ON_TOPICS = ["Create", "Describe", "DescribeConfigs", "Alter", "AlterConfigs", "Read", "Write"];
const GROUPS = ["train-gru", "train-lstm", "nonml-prophet", "eval-promoter", "batch-forecasting"];

describe("stacks on the same external brokers", function () {
    this.timeout(180_000);

    const brokers = new Brokers(1);
    const user = () => signedIn(brokers.bootstrapServers, "preprocess", "preprocess-1");
    const deploy = (stack: SharingStack) => declareBeside(brokers.directory, user(), stack);
    const deployed = (stack: SharingStack): string => {
        const { status, output } = deploy(stack);
        assert.equal(status, 0, output);
        return output;
    };
    const refused = (stack: SharingStack): string => {
        const { status, output } = deploy(stack);
        assert.equal(status, 2, output);
        return output;
    };

    before(async () => {
        await brokers.prepare();
        await brokers.start({ broker: "broker-1", admin: "admin-1" });
        // Topics of the pipeline city without a mark, as versions before 0.2.0 left them, and the user.
        declare(
            brokers.directory,
            signedIn(brokers.bootstrapServers, "admin", "admin-1", "PLAIN"),
            1,
            (name) => `${name}-1`,
        );
        const allow = (...on: string[]): void => {
            const { status, output } = brokers.tool(
                "org.apache.kafka.tools.AclCommand",
                ...["--bootstrap-server", brokers.bootstrapServers],
                ...[
                    "--command-config",
                    brokers.adminConfig(),
                    "--add",
                    "--allow-principal",
                    "User:preprocess",
                ],
                ...on,
            );
            assert.equal(status, 0, output);
        };
        allow("--topic", "*", ...ON_TOPICS.flatMap((operation) => ["--operation", operation]));
        allow(...GROUPS.flatMap((group) => ["--group", group]), "--operation", "Read");
    });

    after(() => {
        brokers.remove();
    });

    // Promise: kafka-topics-one-owner
    it("the second of two stacks without identifiers is refused and changes nothing, and the first continues", () => {
        assert.match(deployed({}), /"created": \[[^\]]*"training-data"/);
        const text = refused({ stack: "two", partitions: 3 });
        assert.match(
            text,
            /flts:identifier = .*the topic 'training-data' and 8 more belong to the stack organization\/flts\/dev \(namespace flts/,
        );
        assert.match(text, /flts:kafka\.external\.formerOwner organization\/flts\/dev@cluster-1\/flts/);
        assert.match(deployed({}), /"created": \[\], "grown": \[\], "altered": \[\]/);
    });

    // Promise: kafka-topics-one-owner
    it("stacks with identifiers have their own topics, become owners of topics without one, and take over topics of the owner that they name", () => {
        assert.match(
            deployed({ identifier: "city", stack: "two" }),
            /"created": \[\], "grown": \[\], "altered": \[\]/,
        );
        const former = "organization/flts/two@cluster-1/flts";
        deployed({ identifier: "city", stack: "three", formerOwner: former });
        assert.match(refused({ identifier: "city", stack: "two" }), /organization\/flts\/three/);
    });

    it("a stack of the same name in another cluster is the same owner only if the first one's services are gone", async () => {
        const service = await stayInGroup(user(), "training-data", "train-gru");
        try {
            assert.match(refused({ clusterIdentity: "cluster-2" }), /in the consumer groups train-gru/);
        } finally {
            service.removeAllListeners("exit");
            service.kill("SIGKILL");
        }
    });
});
