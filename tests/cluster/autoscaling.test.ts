import assert from "node:assert/strict";
import { formatDuration } from "../../toolchain/console";
import type { SettingsTree } from "../../cli/stack/settings";
import { kubectlGet } from "../support/commands";
import { EngineStack } from "../support/engine";
import { eventually } from "../support/processing";
import { FORECAST_API, forecastBody, rolledOut, summary } from "../support/serving";
import { failures, underLoad } from "../support/steadyLoad";
import { deployStack } from "../support/stack";

const namespace = "flts";

interface Autoscaler {
    readonly status?: {
        readonly currentMetrics?: readonly { readonly resource?: { readonly current: object } }[] | null;
    };
}

interface Deployment {
    readonly spec: { readonly replicas: number };
    readonly status: { readonly readyReplicas?: number };
}

const deployment = (): Promise<Deployment> => kubectlGet("deployment", "inference", "--namespace", namespace);

/** Waits until as many pods are ready as `enough` wants; gives the number. */
const readyPods = (what: string, seconds: number, enough: (ready: number) => boolean): Promise<number> =>
    eventually(what, seconds, async () => {
        const { spec, status } = await deployment();
        const ready = status.readyReplicas ?? 0;
        return ready === spec.replicas && enough(ready) ? ready : undefined;
    });

/** The autoscalers that there are as soon as the Deployment has this fixed number of pods. */
const autoscalersBeside = (replicas: number): Promise<readonly unknown[]> =>
    eventually("the fixed number of pods", 300, async () => {
        const { spec } = await deployment();
        const { items } = await kubectlGet<{ items: unknown[] }>("hpa", "--namespace", namespace);
        return spec.replicas === replicas ? items : undefined;
    });

describe("autoscaling in the embedded cluster", function () {
    this.timeout(10 * 60_000);

    const stack = new EngineStack();

    async function deploy(inference: SettingsTree): Promise<void> {
        await stack.settings({ "flts:inference": inference });
        const up = await stack.pulumi(["up", "--yes", "--skip-preview"]);
        assert.equal(up.code, 0, up.everything);
    }

    before(async () => {
        await deployStack();
        // A short window, so that the way back can be seen; the default keeps pods for five minutes.
        await deploy({ autoscaling: { enabled: true, maxReplicas: 3, scaleDownWindowSeconds: 15 } });
    });

    it("reads the pods' CPU from the metrics server", async () => {
        await eventually("numbers of the metrics server", 120, async () => {
            const { status } = await kubectlGet<Autoscaler>("hpa", "inference", "--namespace", namespace);
            const current = status?.currentMetrics?.[0]?.resource?.current;
            return current !== undefined && "averageUtilization" in current ? true : undefined;
        });
    });

    // Promise: horizontal-autoscaler-cpu-limits, autoscaling
    it("adds pods under load, removes them afterwards, and fails no request", async () => {
        await readyPods("one pod at the beginning", 120, (ready) => ready === 1);
        const started = Date.now();
        const load = { url: `${FORECAST_API}/predict`, body: await forecastBody(), clients: 4, pause: 10 };
        let most = 0;
        const answers = await underLoad(load, async () => {
            most = await readyPods("more than one pod", 180, (ready) => ready > 1);
        });
        const loaded = Date.now() - started;
        assert.deepEqual(failures(answers), []);
        await readyPods("one pod again", 240, (ready) => ready === 1);
        console.log(
            `      1 to ${most} pods after ${formatDuration(loaded)} of load, back after ` +
                `${formatDuration(Date.now() - started - loaded)} without; ${summary(answers, loaded)}`,
        );
    });

    it("sets the number of pods of the settings when it is switched off", async () => {
        const [left] = await Promise.all([autoscalersBeside(4), deploy({ replicas: 4 })]);
        // More than the autoscaler allows. One that is still there may set its own number again.
        assert.deepEqual(left, []);
        await rolledOut("inference");
        assert.equal((await deployment()).spec.replicas, 4);
        await deploy({});
        await rolledOut("inference");
        assert.equal((await deployment()).spec.replicas, 1);
    });
});
