import assert from "node:assert/strict";
import { kubectl } from "../support/commands";
import { eventually, promotionsOf, type Promotion } from "../support/processing";
import { FORECAST_API } from "../support/serving";

/** What inference tells on `performance-eval`. */
interface Report {
    readonly run_id: string;
    readonly rows: number;
    readonly rmse: number;
}

/** Everything on the topic, read beside the service with its own Kafka client. */
const READ_REPORTS = `
import json, os
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
consumer = Consumer({"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"], "group.id": "test", "enable.partition.eof": True})
topic = os.environ["TOPIC_PERFORMANCE_EVAL"]
partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
reports, ended = [], 0
while ended < len(partitions):
    message = consumer.poll(10)
    if message is None or message.error() is not None:
        ended += 1
    else:
        reports.append(json.loads(message.value()))
print(json.dumps(reports))
`;

async function reports(): Promise<readonly Report[]> {
    const text = await kubectl(
        "exec",
        "--namespace",
        "flts",
        "deployment/inference",
        "--",
        "python",
        "-c",
        READ_REPORTS,
    );
    return JSON.parse(text) as Report[];
}

describe("the served model on held-out rows", function () {
    this.timeout(5 * 60_000);

    it("is reported once a claim, and errs no more than the trainer measured before the model had seen these rows", async () => {
        const ready = await fetch(`${FORECAST_API}/model`, { signal: AbortSignal.timeout(10_000) });
        const served = (await ready.json()) as Promotion;
        const promotion = (await promotionsOf(served.config_hash)).find(
            ({ run_id }) => run_id === served.run_id,
        ) as (Promotion & { readonly rmse: number }) | undefined;
        assert.ok(promotion !== undefined, `run ${served.run_id} is served, but was not promoted`);
        const found = await eventually(`a report about run ${served.run_id}`, 90, async () => {
            const ofRun = (await reports()).filter(({ run_id }) => run_id === served.run_id);
            return ofRun.length > 0 ? ofRun : undefined;
        });
        assert.equal(found.length, 1, JSON.stringify(found));
        const [{ rows, rmse }] = found as [Report];
        console.log(
            `      RMSE over ${rows} held-out windows: served ${rmse.toExponential(4)}, ` +
                `trained ${promotion.rmse.toExponential(4)}`,
        );
        assert.ok(rows > 0);
        // The served model has learnt from these rows as well: by a little, since most rows are older.
        assert.ok(rmse <= 1.05 * promotion.rmse, `${rmse} is more than ${promotion.rmse}`);
        assert.ok(rmse >= 0.5 * promotion.rmse, `${rmse} is far less than ${promotion.rmse}`);
    });
});
