import { join } from "node:path";
import { lastObservations } from "../../cli/progress/forecast";
import { SAMPLE_DATASET } from "../../cli/data/series";
import { formatDuration } from "../../toolchain/console";
import { kubectl, kubectlGet, projectDirectory } from "./commands";
import { eventually } from "./processing";
import { percentile, type Answer } from "./steadyLoad";

const NAMESPACE = "flts";

/** The forecast API of the dev stack on the embedded cluster. */
export const FORECAST_API = "http://127.0.0.1:30023";

/** Rows of a request: more than any window that the tests train with. */
const ROWS = 64;

/** A body of `/predict` from the end of the sample. */
export async function forecastBody(): Promise<string> {
    const data = await lastObservations(join(projectDirectory, SAMPLE_DATASET), ROWS);
    return JSON.stringify({ data, index_col: "time", inference_length: 1 });
}

interface Pods {
    readonly items: readonly {
        readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
        readonly status: {
            readonly podIP?: string;
            readonly conditions?: readonly { readonly type: string; readonly status: string }[];
        };
    }[];
}

async function podsOf(tier: string): Promise<Pods["items"]> {
    const selector = `app.kubernetes.io/name=${tier}`;
    return (await kubectlGet<Pods>("pods", "--namespace", NAMESPACE, "--selector", selector)).items;
}

/** Names and addresses of a tier's ready pods. */
export async function readyPods(tier: string): Promise<{ name: string; address: string }[]> {
    return (await podsOf(tier))
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .filter(({ status }) =>
            status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True"),
        )
        .map(({ metadata, status }) => ({ name: metadata.name, address: status.podIP ?? "" }));
}

/** Waits until all pods of a Deployment are of its newest revision and ready, and the others are gone. */
export async function rolledOut(deployment: string): Promise<void> {
    const target = `deployment/${deployment}`;
    await kubectl("--namespace", NAMESPACE, "rollout", "status", target, "--timeout=300s");
    await eventually(`old pods of ${deployment} are gone`, 90, async () =>
        (await podsOf(deployment)).every(({ metadata }) => metadata.deletionTimestamp === undefined)
            ? true
            : undefined,
    );
}

/** Requests that a backend of HAProxy got, over all its pods; these answer on the machine that the cluster is on. */
export async function backendRequests(backend: string): Promise<number> {
    const counts = await Promise.all(
        (await readyPods("inference-lb")).map(async ({ address }) => {
            const text = await (await fetch(`http://${address}:8404/metrics`)).text();
            const line = new RegExp(
                `^haproxy_backend_http_requests_total\\{proxy="${backend}"\\} (\\d+)`,
                "m",
            );
            return Number(line.exec(text)?.[1] ?? 0);
        }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
}

/** One line of numbers for people. */
export function summary(answers: readonly Answer[], milliseconds: number): string {
    const time = (share: number): string => `${percentile(answers, share).toFixed(0)} ms`;
    const rate = (answers.length / milliseconds) * 1000;
    return (
        `${answers.length} requests in ${formatDuration(milliseconds)}, ${rate.toFixed(0)} a second; ` +
        `p50 ${time(0.5)}, p95 ${time(0.95)}, p99 ${time(0.99)}, slowest ${time(1)}`
    );
}
