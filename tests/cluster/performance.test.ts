import assert from "node:assert/strict";
import { topicsOf } from "../../components/contract";
import { ADMIN_CONFIG } from "../../components/infrastructure/kafka/kafkaSecurity";
import { kubectl } from "../support/commands";
import { eventually, promotionsOf, type Promotion } from "../support/processing";
import { FORECAST_API } from "../support/serving";

/** What inference reports on `performance-eval`. */
interface Report {
    readonly run_id: string;
    readonly rows: number;
    readonly rmse: number;
}

/** Everything on the topic, read by the administrator: inference may only write there. */
async function reports(): Promise<readonly Report[]> {
    const lines = await kubectl(
        ...["exec", "--namespace", "flts", "kafka-0", "--container", "kafka", "--"],
        "kafka-console-consumer.sh",
        ...["--bootstrap-server", "localhost:9092", "--command-config", ADMIN_CONFIG],
        ...["--topic", topicsOf("").performanceEval, "--from-beginning", "--timeout-ms", "5000"],
    );
    return lines
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as Report);
}

describe("the served model on held-out rows", function () {
    this.timeout(5 * 60_000);

    it("the served model's errors are reported once for each claim, and do not exceed those that the trainer measured", async () => {
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
