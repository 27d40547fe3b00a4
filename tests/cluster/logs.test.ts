import assert from "node:assert/strict";
import { delimiter, dirname } from "node:path";
import { toolPath } from "../../toolchain/tools/paths";
import { clusterEnvironment, kubectl, kubectlApply, kubectlGet, run } from "../support/commands";
import { shellCommands } from "../support/documented";
import { eventually, logsOf, settle } from "../support/processing";
import { deployStack } from "../support/stack";

const namespace = "flts";
const victoriaLogs = "http://127.0.0.1:30942";

/** Seconds in which a line that was written must be found. */
const PATIENCE = 60;

/** The same after VictoriaLogs was unavailable: an agent tries again after up to a minute (`-remoteWrite.retryMaxTime`). */
const RETRY_PATIENCE = 150;

interface Line {
    readonly _msg: string;
    readonly _time: string;
    readonly [field: string]: string;
}

interface Deployment {
    readonly spec: {
        readonly template: {
            readonly spec: {
                readonly securityContext: object;
                readonly containers: readonly { readonly image: string; readonly securityContext: object }[];
            };
        };
    };
}

interface Pod {
    readonly metadata: { readonly name: string };
    readonly status: { readonly phase: string };
}

/** Pod that only writes a line. */
const WRITER = "writer";

/** Lines that a LogsQL query finds. */
async function query(text: string): Promise<readonly Line[]> {
    const response = await fetch(`${victoriaLogs}/select/logsql/query`, {
        method: "POST",
        body: new URLSearchParams({ query: text }),
    });
    const answer = await response.text();
    assert.equal(response.status, 200, answer);
    return answer
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Line);
}

/** Names of pods whose lines are there. */
async function podsWithLines(): Promise<ReadonlySet<string>> {
    const lines = await query("* | uniq by (kubernetes.pod_name)");
    return new Set(lines.map((line) => line["kubernetes.pod_name"] ?? ""));
}

/** What the agent says of itself, for a test that misses something. */
function logsOfCollector(): Promise<string> {
    const selector = ["--selector", "app.kubernetes.io/name=log-collector"];
    return kubectl("-n", `${namespace}-log-collector`, "logs", ...selector, "--tail=50");
}

/** Writes a line as a pod of the namespace that ends at once; the pod stays. */
async function write(words: string): Promise<void> {
    const deployment = await kubectlGet<Deployment>("deployment", "preprocess", "--namespace", namespace);
    const { securityContext, containers } = deployment.spec.template.spec;
    const [container] = containers;
    const pod = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: WRITER, namespace },
        spec: {
            restartPolicy: "Never",
            securityContext,
            containers: [
                {
                    name: WRITER,
                    image: container?.image,
                    securityContext: container?.securityContext,
                    command: ["echo", words],
                },
            ],
        },
    };
    await kubectlApply([pod]);
    const ended = ["--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s"];
    await kubectl("-n", namespace, "wait", `pod/${WRITER}`, ...ended);
}

describe("collected logs", function () {
    this.timeout(15 * 60_000);

    before(async () => {
        await deployStack();
    });

    // Promise: log-aggregation
    it("logs of every pod of the stack are collected", async () => {
        const { items } = await kubectlGet<{ items: readonly Pod[] }>("pods", "--namespace", namespace);
        const names = items
            .filter(({ status }) => status.phase !== "Pending")
            .map(({ metadata }) => metadata.name);
        const wrote: string[] = [];
        for (const name of names) {
            // A pod that failed early has containers that never started, whose logs nobody can read.
            const log = await logsOf(name, "--all-containers");
            if (log.trim() !== "") {
                wrote.push(name);
            }
        }
        assert.ok(wrote.length > 10, wrote.join(", "));
        const missing = await settle(PATIENCE, async () => {
            const found = await podsWithLines();
            return wrote.filter((name) => !found.has(name));
        });
        assert.equal(missing.join(", "), "", `no lines of ${missing.join(", ")}\n${await logsOfCollector()}`);
    });

    it("the documented commands find logs", async () => {
        const [forward = "", ...rest] = shellCommands("components/monitoring/logs/logs.md");
        // The forwarded port takes a moment.
        const script = [forward, "trap 'kill $!' EXIT", "sleep 3", ...rest].join("\n");
        const PATH = [dirname(toolPath("kubectl")), process.env.PATH ?? ""].join(delimiter);
        const outcome = await run("bash", ["-e", "-c", script], {
            environment: { ...clusterEnvironment(), PATH },
        });
        assert.equal(outcome.code, 0, outcome.everything);
        assert.match(outcome.output, /"_msg":"promoted"/, outcome.everything);
    });

    it("logs of pods in other namespaces are not collected", async () => {
        const lines = await query("* | uniq by (kubernetes.pod_namespace)");
        assert.deepEqual(
            lines.map((line) => line["kubernetes.pod_namespace"]),
            [namespace],
        );
    });

    it("fields of a service's line, its message and its time can be queried", async () => {
        const [line] = await eventually("the end of preprocessing", PATIENCE, async () => {
            const lines = await query("service:=preprocess _msg:=success | sort by (_time) desc | limit 1");
            return lines.length > 0 ? lines : undefined;
        });
        assert.equal(line?.level, "info");
        assert.equal(line["kubernetes.container_name"], "preprocess");
        assert.ok(Date.now() - Date.parse(line._time) < 24 * 3_600_000, line._time);
    });

    // Promise: log-aggregation
    it("logs of a deleted pod are kept", async () => {
        const words = `written at ${Date.now()}`;
        await write(words);
        await eventually("the line", PATIENCE, async () =>
            (await query(`_msg:="${words}"`)).length > 0 ? true : undefined,
        );
        await kubectl("-n", namespace, "delete", "pod", WRITER);
        const lines = await query(`_msg:="${words}"`);
        assert.deepEqual(
            lines.map((line) => line["kubernetes.pod_name"]),
            [WRITER],
        );
    });

    it("logs that were written while VictoriaLogs was unavailable are collected", async () => {
        const words = `written at ${Date.now()}`;
        await kubectl("-n", namespace, "scale", "statefulset/victoria-logs", "--replicas=0");
        try {
            await kubectl("-n", namespace, "wait", "--for=delete", "pod/victoria-logs-0", "--timeout=60s");
            await write(words);
        } finally {
            await kubectl("-n", namespace, "scale", "statefulset/victoria-logs", "--replicas=1");
            const status = ["rollout", "status", "statefulset/victoria-logs", "--timeout=120s"];
            await kubectl("-n", namespace, ...status);
        }
        await eventually("the line", RETRY_PATIENCE, async () => {
            // Its address takes a moment to lead to the new pod.
            const lines = await query(`_msg:="${words}"`).catch(() => []);
            return lines.length > 0 ? true : undefined;
        });
        await kubectl("-n", namespace, "delete", "pod", WRITER);
    });
});
