import assert from "node:assert/strict";
import type { SettingsTree } from "../../cli/stack/settings";
import { kubectl } from "../support/commands";
import { EngineStack } from "../support/engine";
import { Processing, served } from "../support/processing";
import {
    backendRequests,
    summary,
    FORECAST_API,
    forecastBody,
    readyPods,
    rolledOut,
} from "../support/serving";
import { failures, underLoad, type Answer } from "../support/steadyLoad";
import { deployStack } from "../support/stack";

const namespace = "flts";

/** Shortest time under load, in milliseconds. */
const LOAD_TIME = 60_000;

const pause = (milliseconds: number): Promise<void> => new Promise((wake) => setTimeout(wake, milliseconds));

/** Run that answered. */
const runOf = ({ body }: Answer): string => (JSON.parse(body) as { run_id: string }).run_id;

function runsOf(answers: readonly Answer[]): Map<string, number> {
    const counts = new Map<string, number>();
    for (const run of answers.map(runOf)) {
        counts.set(run, (counts.get(run) ?? 0) + 1);
    }
    return counts;
}

describe("the forecast API under steady load", function () {
    this.timeout(15 * 60_000);

    const stack = new EngineStack();
    /** Run that is promoted when the tests begin; the canary keeps to it. */
    let firstRun: string;
    let body: string;

    /** Deploys the dev stack with two pods of each version, and with these settings of the canary. */
    async function deploy(canary: SettingsTree): Promise<void> {
        await stack.settings({ "flts:inference": { replicas: 2 }, "flts:serving": { canary } });
        const up = await stack.pulumi(["up", "--yes", "--skip-preview"]);
        assert.equal(up.code, 0, up.everything);
    }

    /** Sends requests while `work` is done; none may fail. Says how it went. */
    async function withoutFailure(what: string, work: () => Promise<void>): Promise<readonly Answer[]> {
        const started = Date.now();
        const load = { url: `${FORECAST_API}/predict`, body, clients: 4, pause: 20 };
        const answers = await underLoad(load, work);
        console.log(`      ${what}: ${summary(answers, Date.now() - started)}`);
        assert.deepEqual(failures(answers), []);
        return answers;
    }

    before(async () => {
        await deployStack();
        body = await forecastBody();
        const ready = (await (await fetch(`${FORECAST_API}/model`)).json()) as { run_id: string };
        firstRun = ready.run_id;
        await deploy({ runId: firstRun });
        await rolledOut("inference");
        await rolledOut("inference-canary");
    });

    // Promise: load-balancer-spreads-requests
    it("no request fails while a pod is killed, a rollout runs and a model is promoted", async () => {
        const started = Date.now();
        const answers = await withoutFailure("pod killed, rolled out, model promoted", async () => {
            const processing = await Processing.start(`serving-${started.toString(36)}`);
            const [victim] = await readyPods("inference");
            assert.ok(victim);
            const kill = ["delete", "pod", victim.name, "--grace-period=0", "--force"];
            await kubectl("--namespace", namespace, ...kill);
            await rolledOut("inference");
            await kubectl("--namespace", namespace, "rollout", "restart", "deployment/inference");
            await rolledOut("inference");
            await served(FORECAST_API, await processing.announced());
            await pause(Math.max(5_000, LOAD_TIME - (Date.now() - started)));
        });
        const runs = runsOf(answers);
        assert.equal(runs.size, 2, JSON.stringify([...runs]));
        assert.ok((runs.get(firstRun) ?? 0) > 0);
    });

    it("no request fails while the load balancer is rolled to add a canary", async () => {
        const answers = await withoutFailure("weight raised to 30 %", async () => {
            await deploy({ runId: firstRun, weight: 30 });
            await rolledOut("inference-lb");
        });
        assert.ok(answers.length > 100);
    });

    // Promise: weighted-routing-canaries
    it("the canary gets its share of requests, by run in the answers and by version in the metrics", async () => {
        const counted = await backendRequests("inference-canary");
        const answers = await withoutFailure("canary at 30 %", () => pause(15_000));
        const requests = (await backendRequests("inference-canary")) - counted;
        const canary = runsOf(answers).get(firstRun) ?? 0;
        // Five standard deviations of a fair draw.
        const margin = 5 * Math.sqrt(0.3 * 0.7 * answers.length);
        console.log(
            `      canary: ${canary} of ${answers.length} answers, ${requests} requests in HAProxy's metrics`,
        );
        assert.ok(Math.abs(canary - 0.3 * answers.length) < margin, `${canary} of ${answers.length}`);
        assert.equal(requests, canary);
    });

    it("the stable version answers while the canary has no pod", async () => {
        const answers = await withoutFailure("canary's pods killed", async () => {
            await kubectl("--namespace", namespace, "scale", "deployment/inference-canary", "--replicas=0");
            await pause(5_000);
        });
        await kubectl("--namespace", namespace, "scale", "deployment/inference-canary", "--replicas=2");
        assert.ok(answers.length > 100);
    });

    it("the stable version gets every request at weight 0, and none fails", async () => {
        await withoutFailure("weight lowered to 0", async () => {
            await deploy({ runId: firstRun, weight: 0 });
            await rolledOut("inference-lb");
        });
        const after = await withoutFailure("canary at 0 %", () => pause(5_000));
        assert.equal(runsOf(after).get(firstRun), undefined);
        assert.ok((await readyPods("inference-canary")).length > 0);
    });
});
