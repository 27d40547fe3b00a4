import assert from "node:assert/strict";
import type { StackOutputs } from "../../stacks/outputs/outputs";
import { kubectl, make, preprocess } from "../support/commands";
import { deployConsumer } from "../support/consumer";
import { EngineStack } from "../support/engine";
import { narrowUser, removeNarrowUser } from "../support/narrowUser";

const namespace = "flts";
const DEV = "organization/flts/dev";

/** Status of the API's answer about the model of its first series; undefined while it does not answer or has none. */
async function modelStatus(url: string): Promise<number | undefined> {
    const signal = AbortSignal.timeout(5_000);
    const all = (await (await fetch(`${url}/series`, { signal })).json()) as { series: { series: string }[] };
    const [first] = all.series;
    return first && (await fetch(`${url}/model?series=${first.series}`, { signal })).status;
}

/** Waits until the forecast API has a model. */
async function ready(url: string): Promise<void> {
    const deadline = Date.now() + 5 * 60_000;
    for (;;) {
        const status = await modelStatus(url).catch(() => undefined);
        if (status === 200) {
            return;
        }
        assert.ok(Date.now() < deadline, `${url}/model still answers ${String(status)}`);
        await new Promise((wake) => setTimeout(wake, 2_000));
    }
}

describe("stacks beside the dev stack, on the real engine", function () {
    this.timeout(20 * 60_000);

    let dev: EngineStack;

    before(async () => {
        const outcome = await make("up");
        assert.equal(outcome.code, 0, outcome.everything);
        dev = new EngineStack();
    });

    describe("of another program", () => {
        // Promise: other-programs-read-typed
        it("another program reads typed outputs without secrets", async () => {
            const { up, outputs } = await deployConsumer(dev.environment, DEV);
            assert.equal(up.code, 0, up.everything);
            assert.deepEqual(JSON.parse(outputs), {
                predictUrl: `http://inference-lb.${namespace}:80/predict`,
                mlflowEnvironment: { MLFLOW_TRACKING_URI: `http://mlflow.${namespace}:5000` },
                secrets: { namespace, names: dev.outputs().secrets },
            });
            // The command line shows a secret so, and the engine would have marked what derives from one.
            assert.doesNotMatch(up.everything, /\[secret\]/);
        });
    });

    describe("in a namespace that they do not fit", () => {
        const team = "preflight-team";
        let narrow: string;

        before(async () => {
            narrow = await narrowUser(team, { "requests.cpu": "1", persistentvolumeclaims: "2" });
        });

        after(async () => {
            await removeNarrowUser(team);
        });

        // Promise: preflight-one-report
        it("a stack that does not fit its namespace is refused with all problems in one report, before anything is created", async () => {
            const stack = new EngineStack("unfit");
            const resources = {
                requests: { cpu: "64", memory: "1Gi" },
                limits: { cpu: "64", memory: "1Gi" },
            };
            await stack.settings({
                "flts:namespace": { name: team, create: false },
                "flts:storageClass": "missing-class",
                "flts:kafka": { resources },
                "flts:cluster": { priorityClass: "missing-priority", pullSecrets: ["missing-login"] },
                "flts:overrides": [
                    { kind: "Deployment", name: "mlfow", patch: [{ op: "remove", path: "/spec" }] },
                ],
            });
            const up = await stack.pulumi(["up", "--yes", "--skip-preview"], { KUBECONFIG: narrow });
            assert.notEqual(up.code, 0);
            for (const finding of [
                /system:serviceaccount:preflight-team:preflight-team may not create.*deployments\.apps.* in the namespace preflight-team/,
                /\bcreate pods\/portforward/,
                /\bwatch endpoints, /,
                /may not .*clusterroles\.rbac\.authorization\.k8s\.io.* in the whole cluster/,
                /ResourceQuota preflight-team leaves 1 of requests\.cpu to this stack/,
                /ResourceQuota preflight-team leaves 2 of persistentvolumeclaims/,
                /no node takes the pods of StatefulSet kafka: .*64 cpu.*lower flts:kafka\.resources\.requests\.cpu/,
                /flts:storageClass = "missing-class": the cluster has no such storage class/,
                /flts:cluster\.priorityClass = "missing-priority"/,
                /flts:cluster\.pullSecrets = "missing-login": the namespace preflight-team has no Secret/,
                /flts:overrides\[0\] matches nothing/,
            ]) {
                assert.match(up.everything, finding);
            }
            assert.deepEqual(
                (await stack.resources()).map(({ type }) => type),
                ["pulumi:pulumi:Stack"],
            );
            const left = await kubectl("-n", team, "get", "all,secrets,pvc", "-o", "name");
            assert.equal(left.trim(), "");
            stack.remove();
        });
    });

    describe("with the layers that dev gives up", () => {
        let upper: EngineStack;
        let outputs: StackOutputs;

        before(async () => {
            upper = new EngineStack("upper");
            // Monitoring stays: it holds data, and the guard would refuse to give it up.
            await dev.settings({ "flts:layers": ["infrastructure", "monitoring"] });
            const lower = await dev.pulumi(["up", "--yes", "--skip-preview"]);
            assert.equal(lower.code, 0, lower.everything);
            await upper.settings({
                "flts:layers": ["pipeline", "serving"],
                "flts:stacks": { infrastructure: DEV },
            });
            const up = await upper.pulumi(["up", "--yes", "--skip-preview"]);
            assert.equal(up.code, 0, up.everything);
            outputs = upper.outputs();
        });

        after(async () => {
            await dev.settings();
            const whole = await dev.pulumi(["up", "--yes", "--skip-preview"]);
            assert.equal(whole.code, 0, whole.everything);
        });

        // Promise: layers-stacks-own
        it("a stack with dev's former layers serves the model that was promoted before, from dev's object store and MLflow", async () => {
            await ready(outputs.urls.inference ?? assert.fail("the API has no address"));
        });

        it("a stack with dev's former layers finds dev's data, and does not process the dataset again", async () => {
            assert.match(await preprocess(namespace), /"skip_idempotent"/);
        });

        it("a second up changes nothing in the stacks", async () => {
            const second = await upper.pulumi(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
            assert.equal(second.code, 0, second.everything);
        });

        it("destroying these stacks keeps dev's servers and data", async () => {
            const destroyed = await upper.pulumi(["destroy", "--yes", "--skip-preview", "--run-program"]);
            assert.equal(destroyed.code, 0, destroyed.everything);
            assert.deepEqual(await upper.resources(), []);
            upper.remove();
            const left = await kubectl("-n", namespace, "get", "statefulsets", "-o", "name");
            assert.deepEqual(left.trim().split("\n").sort(), [
                "statefulset.apps/kafka",
                "statefulset.apps/postgres",
                "statefulset.apps/prometheus",
                "statefulset.apps/victoria-logs",
            ]);
        });
    });
});
