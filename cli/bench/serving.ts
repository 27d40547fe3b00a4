import { join } from "node:path";
import type { StackOutputs } from "../../stacks/outputs/outputs";
import { INFERENCE_PORT } from "../../components/serving/inference";
import { fail, formatBytes, Progress, table, type Console } from "../../toolchain/console/index";
import { lastObservations, requestForecast, TIME_COLUMN, type Observations } from "../progress/forecast";
import { kubectlIn } from "../stack/kubectl";
import type { StackOptions } from "../stack/options";
import { findSeries, SAMPLE_DATASET, type SeriesFiles } from "../data/series";
import { projectDirectory, type Workspace } from "../stack/workspace";
import { withEcho } from "./echo";
import { load, type LoadResult } from "./load";
import { Replicas } from "./replica";

/** Rows of each request, as in the load tests that the results are compared with. */
const ROWS = 16;
/** Requests under way at a time. */
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 3;
const SECONDS = 15;
/** Seconds of a warm-up and a measurement, and for the start before and the end after. */
const LOADS_SECONDS = WARM_UP_SECONDS + SECONDS + 15;

/**
 * Best results of the load tests that upstream kept (`locust/results/auto_matrix/auto_summary.csv`): requests per second
 * and milliseconds; 60 s each, no failures.
 */
const RECORDS = [
    ["upstream, 1 replica", "39.8", "3700", "5200", "5800", "0"],
    ["upstream, 8 replicas", "122.7", "1100", "2500", "3200", "0"],
] as const;

function row(name: string, result: LoadResult): string[] {
    const { requestsPerSecond, p50, p95, p99, failed } = result;
    return [
        name,
        requestsPerSecond.toFixed(1),
        ...[p50, p95, p99].map((time) => time.toFixed(1)),
        String(failed),
    ];
}

/** How many requests of one row another answered, in percent. */
export function shareOf([, one]: readonly string[], [, other]: readonly string[]): string {
    return `${Math.round((100 * Number(one)) / Number(other))} %`;
}

async function observations({ name, train }: SeriesFiles, url: string): Promise<Observations> {
    const rows = await lastObservations(train, ROWS);
    try {
        await requestForecast(url, rows, 1, name);
    } catch (error) {
        fail(
            `${error instanceof Error ? error.message : String(error)}\n` +
                `The rows are of ${train}: name the dataset of a series that is served, as in \`make bench DATASET=…\`.`,
        );
    }
    return rows;
}

/**
 * Measures the forecast API of a running stack, start and memory: on the embedded cluster a pod alone, which is faster than the load
 * balancer lets one source be; on others, whose pods cannot be reached, what one source gets from the load balancer.
 */
export async function benchServing(
    output: Console,
    options: StackOptions,
    workspace: Workspace,
): Promise<void> {
    const outputs = workspace.outputs() as unknown as StackOutputs;
    const url =
        outputs.urls.inference ??
        fail("the forecast API has no address outside the cluster: set flts:loadBalancer.service.");
    const path = options.dataset ?? join(projectDirectory, SAMPLE_DATASET);
    const [series = fail(`DATASET=${path}: there is no series.`)] = findSeries(path, "DATASET");
    const data = await observations(series, url);
    const body = JSON.stringify({ series: series.name, data, index_col: TIME_COLUMN, inference_length: 1 });
    const kubectl = kubectlIn(workspace.environment, options.context, outputs.namespace);
    const replicas = new Replicas(kubectl, outputs.namespace);
    const progress = new Progress(output);

    await progress.step("New pods", { estimate: 20_000 }, () => replicas.renew());
    const ready = await replicas.ready();
    const [first] = ready;
    if (first === undefined) {
        fail("no pod of the forecast API is ready.");
    }
    const measure = (name: string, target: string): Promise<string[]> =>
        progress.step(name, { estimate: (WARM_UP_SECONDS + SECONDS) * 1000 }, async () => {
            await load(`${target}/predict`, body, CONNECTIONS, WARM_UP_SECONDS);
            return row(name, await load(`${target}/predict`, body, CONNECTIONS, SECONDS));
        });
    const rows: string[][] = [];
    let ratio = "";
    if (options.embedded) {
        // Pods of the embedded cluster are on this machine's network; those of others are not.
        const direct = await measure("one pod, directly", `http://${first.address}:${INFERENCE_PORT}`);
        const echo = await withEcho(kubectl, first, LOADS_SECONDS, (echoUrl) =>
            measure("raw ASGI echo in the same pod", echoUrl),
        );
        rows.push(direct, echo);
        ratio = `; ${shareOf(direct, echo)} of the raw echo, which only parses the same body`;
    } else {
        // From one source: what loadBalancer.sourceLimits refuse is among the failures.
        rows.push(await measure(`HAProxy, ${ready.length} replica${ready.length === 1 ? "" : "s"}`, url));
    }
    const { cpu, memory } = first.limits;
    output.line(
        `\n/predict, ${ROWS} rows in, 1 step out; ${CONNECTIONS} connections for ${SECONDS} s; ` +
            `a replica's limits: ${cpu} CPU, ${memory}${ratio}\n`,
    );
    const heading = ["", "requests/s", "p50 ms", "p95 ms", "p99 ms", "failed"];
    output.line(table([heading, ...rows, ...RECORDS]));
    output.line(
        `\ncold start to ready ${first.secondsToReady} s; memory of a replica after the load ` +
            formatBytes(await replicas.memory(first)),
    );
}
