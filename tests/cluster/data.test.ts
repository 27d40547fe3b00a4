import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { SAMPLE_DATASET } from "../../cli/data/series";
import { lastObservations, requestForecast } from "../../cli/progress/forecast";
import { BUCKETS } from "../../components/contract";
import { toolPath } from "../../toolchain/tools/paths";
import {
    clusterEnvironment,
    kubectl,
    make,
    preprocess,
    projectDirectory,
    run,
    type Outcome,
} from "../support/commands";
import { runDocumented } from "../support/documented";
import { EngineStack } from "../support/engine";
import {
    etagsOf,
    forgetSeries,
    objects,
    putSeries,
    rejection,
    withObjectStore,
} from "../support/objectStore";
import { eventually, logsOf } from "../support/processing";
import { FORECAST_API, rolledOut } from "../support/serving";
import { deployStack, stackChanged } from "../support/stack";

const namespace = "flts";
const stackFile = join(projectDirectory, "Pulumi.dev.yaml");

/** Series that no run before had, also over volumes that it filled. */
const salt = Date.now().toString(36);
const kept = `kept-${salt}`;
const put = `put-${salt}`;

/** Rows of a series: few enough to be trained in seconds. */
const ROWS = 1500;

/** Seconds in which the watcher must have looked at the bucket and handled a small file. */
const LOOK = 90;

/** The begin of the sample. */
const good = readFileSync(join(projectDirectory, SAMPLE_DATASET), "utf8")
    .split("\n")
    .slice(0, ROWS + 1)
    .join("\n")
    .concat("\n");

/** The same with a word in the column `down` of line 5. */
const bad = good
    .split("\n")
    .map((line, index) => (index === 4 ? line.replace(/^([^,]*),[^,]*/, "$1,many") : line))
    .join("\n");

/** Run that answers for a series, or the status of the refusal; undefined while there is no connection to a pod. */
async function runOf(series: string): Promise<string | undefined> {
    try {
        const answer = await fetch(`${FORECAST_API}/model?series=${series}`, {
            signal: AbortSignal.timeout(5_000),
        });
        if (answer.ok) {
            return ((await answer.json()) as { run_id: string }).run_id;
        }
        return answer.status >= 500 ? undefined : String(answer.status);
    } catch {
        return undefined;
    }
}

/** Asks again and again who answers for a series while `work` is done; gives every run and refusal once. */
async function runsWhile(series: string, work: () => Promise<void>): Promise<string[]> {
    const runs = new Set<string>();
    const state = { done: false };
    const asking = (async () => {
        while (!state.done) {
            const found = await runOf(series);
            if (found !== undefined) {
                runs.add(found);
            }
            await sleep(500);
        }
    })();
    try {
        await work();
    } finally {
        state.done = true;
        await asking;
    }
    return [...runs];
}

/** Calls `work` while the dev stack's file has another log level. */
async function withLogLevel<T>(level: string, work: () => Promise<T>): Promise<T> {
    const before = readFileSync(stackFile, "utf8");
    const changed = before.replace(/^config:$/m, `config:\n  flts:logLevel: ${level}`);
    assert.notEqual(changed, before);
    writeFileSync(stackFile, changed);
    try {
        return await work();
    } finally {
        writeFileSync(stackFile, before);
    }
}

/** How many series the watcher counts as rejected. */
async function rejectedSeries(): Promise<number> {
    const program =
        "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8000/metrics').read().decode())";
    const metrics = await kubectl(
        ...["exec", "--namespace", namespace, "deployment/preprocess", "--", "python", "-c", program],
    );
    return Number(/^preprocess_series_rejected (\S+)$/m.exec(metrics)?.[1]);
}

describe("data in the bucket of a running stack", function () {
    this.timeout(20 * 60_000);

    const stack = new EngineStack();
    let folder: string;
    let path: string;
    /** Run that was promoted for the series that another client put there. */
    let promoted: string;

    before(async () => {
        folder = mkdtempSync(join(tmpdir(), "flts-data-"));
        path = join(folder, `${kept}.csv`);
        writeFileSync(path, good);
        await deployStack();
    });

    after(async () => {
        rmSync(folder, { recursive: true });
        await forgetSeries(kept);
        await forgetSeries(put);
        // Series do not disappear while a stack is used, so that both remember them.
        for (const tier of ["eval", "inference"]) {
            await kubectl("--namespace", namespace, "rollout", "restart", `deployment/${tier}`);
            await rolledOut(tier);
        }
        await eventually("the API forgets the series", 60, async () =>
            (await runOf(kept)) === "404" && (await runOf(put)) === "404" ? true : undefined,
        );
    });

    // Promise: data-any-size-checked
    it("a series keeps its CSV and its served model over make up with another log level and a plain pulumi up", async () => {
        const etag = async (): Promise<string | undefined> =>
            (await withObjectStore(({ user }) => etagsOf(user, BUCKETS.dataset, `${kept}.csv`)))[
                `${kept}.csv`
            ];
        stackChanged();
        const uploaded = await make("up", `DATASET=${path}`);
        assert.equal(uploaded.code, 0, uploaded.everything);
        assert.match(uploaded.output, new RegExp(`^Forecast of ${kept} by run [0-9a-f]{32}, after `, "m"));
        const before = { run: await runOf(kept), etag: await etag() };
        assert.match(before.run ?? "", /^[0-9a-f]{32}$/);
        assert.ok(before.etag !== undefined);
        await runDocumented("README.md", "make data FILE=series.csv", {
            replace: { "series.csv": path },
            show: true,
        });
        const asked = await runDocumented(
            "README.md",
            "curl -s 'http://127.0.0.1:30023/rows?series=PobleSec' | curl http://127.0.0.1:30023/predict --json @-",
            { replace: { PobleSec: kept } },
        );
        assert.match(asked.output, /"status":\s*"SUCCESS"/);

        const runs = await runsWhile(kept, async () => {
            // With less in the logs than make up itself looks for there.
            const other: Outcome = await withLogLevel("WARNING", () =>
                runDocumented("docs/upgrades.md", "make up STACK=prod", {
                    replace: { prod: "dev" },
                    show: true,
                }),
            );
            assert.equal(other.code, 0, other.everything);
            await stack.settings();
            const plain = await stack.pulumi(["up", "--yes", "--skip-preview"]);
            assert.equal(plain.code, 0, plain.everything);
        });
        assert.deepEqual(runs, [before.run]);
        const after = await eventually(`an answer for ${kept}`, 60, () => runOf(kept));
        assert.deepEqual({ run: after, etag: await etag() }, before);
    });

    // Promise: data-any-size-checked
    it("a CSV that any S3 client put into the bucket leads to a forecast by name, without another command", async () => {
        await rolledOut("preprocess");
        await putSeries(put, good);
        promoted = await eventually(`a model of ${put}`, 300, async () => {
            const found = await runOf(put);
            return found === "404" ? undefined : found;
        });
        const forecast = await requestForecast(FORECAST_API, await lastObservations(path, 64), 3, put);
        assert.equal(forecast.run_id, promoted);
        assert.equal(forecast.predictions.length, 3);
        for (const { down } of forecast.predictions) {
            assert.ok(Number.isFinite(down), JSON.stringify(forecast.predictions));
        }
    });

    it("the user for uploads can delete nothing, and reach no other bucket", async () => {
        const denied = { code: "AccessDenied" };
        await withObjectStore(async ({ user, root }) => {
            const before = await etagsOf(root, BUCKETS.dataset);
            for (const key of Object.keys(before)) {
                await assert.rejects(user.removeObject(BUCKETS.dataset, key), denied, key);
            }
            assert.deepEqual(await etagsOf(root, BUCKETS.dataset), before);
            for (const bucket of Object.values(BUCKETS).filter((name) => name !== BUCKETS.dataset)) {
                await assert.rejects(etagsOf(user, bucket), denied, bucket);
                await assert.rejects(user.putObject(bucket, `${put}.csv`, good), denied, bucket);
            }
            const pointer = `global/series/${put}/current.json`;
            assert.match(await text(await root.getObject(BUCKETS.modelPromotion, pointer)), /run_id/);
            await assert.rejects(user.getObject(BUCKETS.modelPromotion, pointer), denied);
        });
    });

    it("a rejected CSV is reported in an object, in the log and as a metric, and the previous model stays", async () => {
        await putSeries(put, bad);
        const found = await eventually(`a rejection of ${put}`, LOOK, () => rejection(put));
        const place = { file: `${put}.csv`, line: 5, column: "down", value: "many" };
        assert.deepEqual(
            Object.fromEntries(Object.keys(place).map((name) => [name, found[name]])),
            place,
            JSON.stringify(found),
        );
        await eventually("the metric", LOOK, async () => ((await rejectedSeries()) === 1 ? true : undefined));
        const lines = (await logsOf("deployment/preprocess"))
            .split("\n")
            .filter((line) => line.includes(`"series_rejected"`) && line.includes(put));
        assert.equal(lines.length, 1, lines.join("\n"));
        const { file, line, column } = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
        assert.deepEqual(
            { file, line, column },
            { file: place.file, line: place.line, column: place.column },
        );
        assert.equal(await runOf(put), promoted);
    });

    it("make up reports a rejected series, and exits with 0", async () => {
        const up = await make("up");
        assert.equal(up.code, 0, up.everything);
        assert.match(
            up.output,
            new RegExp(`^Series ${put} was rejected: ${put}\\.csv, line 5, column "down": .*many`, "m"),
        );
        assert.equal(await runOf(put), promoted);
    });

    it("a pass of preprocess exits with 1 while a series is rejected, and changes nothing", async () => {
        await rolledOut("preprocess");
        const before = await objects();
        const pass = await run(
            toolPath("kubectl"),
            ["-n", namespace, "exec", "deployment/preprocess", "--", "python", "main.py"],
            { environment: clusterEnvironment() },
        );
        assert.equal(pass.code, 1, pass.everything);
        assert.match(
            pass.output,
            new RegExp(`"series_still_rejected".*"${put}"|"${put}".*"series_still_rejected"`),
        );
        assert.deepEqual(await objects(), before);
    });

    it("a corrected CSV is accepted, and its rejection is removed", async () => {
        await putSeries(put, good);
        await eventually(`the rejection of ${put} is removed`, LOOK, async () =>
            (await rejection(put)) === undefined ? true : undefined,
        );
        await eventually("the metric", LOOK, async () => ((await rejectedSeries()) === 0 ? true : undefined));
        assert.equal(await runOf(put), promoted);
    });

    it("a pass of preprocess exits with 0 when everything is processed, and changes nothing", async () => {
        const before = await objects();
        const log = await preprocess(namespace);
        assert.match(log, /"skip_idempotent"/);
        assert.doesNotMatch(log, /"claims_published"/);
        assert.deepEqual(await objects(), before);
    });
});
