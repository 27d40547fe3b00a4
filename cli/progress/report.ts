import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StackOutputs } from "../../stacks/outputs/outputs";
import { fail, Progress, type Console } from "../../toolchain/console/index";
import { lastRows, type CheckOptions } from "../data/check";
import { optionsOf } from "../data/checkSeries";
import { withParts } from "../data/parts";
import type { SeriesFiles } from "../data/series";
import type { DatasetStore, Rejection } from "../data/store";
import type { DeployedStack } from "../stack/deployedStack";
import type { StackOptions } from "../stack/options";
import { projectDirectory } from "../stack/workspace";
import { forecastChart } from "./chart";
import type { Observations } from "./forecast";
import { waitForModel, type ModelOutcome } from "./model";
import { PipelineState, preprocessedOf, type Preprocessed } from "./pipelineState";

/** Rows sent with a forecast: more than the usual window, of which the service takes the end. */
const OBSERVED_ROWS = 96;
/** Forecasts that are shown; all series are waited for. */
const SHOWN_FORECASTS = 5;

/** A series, and where its last rows are. */
interface Reported {
    readonly name: string;
    readonly observations: () => Promise<Observations>;
}

/** Waits for what becomes of uploaded series, and shows it. Fails when one was rejected. */
export async function reportSeries(
    output: Console,
    deployed: DeployedStack,
    options: StackOptions,
    store: DatasetStore,
    series: readonly SeriesFiles[],
): Promise<void> {
    const reporter = new Reporter(output, deployed, options, store);
    const reading = optionsOf(projectDirectory, options.stack);
    await withParts(series, reading, async ({ series: found, rejected }) => {
        if (rejected.length > 0) {
            fail(rejected.map(({ message }) => message).join("\n"));
        }
        await reporter.report(found.map((each) => reported(each, reading)));
    });
}

function reported({ name, train, part }: SeriesFiles, reading: CheckOptions): Reported {
    return {
        name,
        observations: () => lastRows(train, OBSERVED_ROWS, reading, undefined, part !== undefined),
    };
}

/**
 * Shows what the bucket leads to as it is: what was rejected there, and the forecast of its first series. A stack that
 * uploads the sample has one by now.
 */
export async function reportBucket(
    output: Console,
    deployed: DeployedStack,
    options: StackOptions,
    store: DatasetStore,
): Promise<void> {
    const reporter = new Reporter(output, deployed, options, store);
    let found = await store.list();
    if (found.series.length === 0) {
        await reporter.pipeline.pass();
        found = await store.list();
    }
    for (const name of found.rejected) {
        const rejection = await store.rejection(name);
        if (rejection !== undefined) {
            output.line(`\n${rejectionText(name, rejection)}`);
        }
    }
    const name = found.series.find((candidate) => !found.rejected.includes(candidate));
    if (name === undefined) {
        output.line("\nThere is no data yet: upload a CSV with `make data FILE=series.csv`.");
        return;
    }
    await withDownloaded(store, name, options.stack, async (series) => {
        const first = series.find((candidate) => !found.rejected.includes(candidate.name));
        if (first !== undefined) {
            await reporter.report([first]);
        }
    });
}

/** The series in a file of the bucket: its formats are those of the whole file, and only all of an archive is one. */
async function withDownloaded(
    store: DatasetStore,
    name: string,
    stack: string,
    use: (series: readonly Reported[]) => Promise<void>,
): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "flts-series-"));
    try {
        const train = join(folder, `${name}.csv`);
        await store.download(name, train);
        const reading = optionsOf(projectDirectory, stack);
        await withParts([{ name, train, test: undefined }], reading, ({ series }) =>
            use(series.map((each) => reported(each, reading))),
        );
    } finally {
        await rm(folder, { recursive: true });
    }
}

/** How a rejection is shown: where, what, and what to do. */
export function rejectionText(series: string, { file, line, column, value, reason, fix }: Rejection): string {
    const place = [
        file,
        ...(line == null ? [] : [`line ${line}`]),
        ...(column == null ? [] : [`column "${column}"`]),
    ].join(", ");
    const shown = value == null ? "" : ` (found "${value}")`;
    const advice = fix == null ? "" : `; ${fix}`;
    return `Series ${series} was rejected: ${place}: ${reason}${shown}${advice}. The previous model, if any, is still served.`;
}

class Reporter {
    public readonly pipeline: PipelineState;
    private readonly outputs: StackOutputs;
    private readonly kubectl: string;

    public constructor(
        private readonly output: Console,
        deployed: DeployedStack,
        options: StackOptions,
        private readonly store: DatasetStore,
    ) {
        const { workspace, namespace } = deployed;
        this.pipeline = new PipelineState(workspace.environment, options.context, namespace);
        this.outputs = workspace.outputs() as unknown as StackOutputs;
        this.kubectl = `kubectl --context ${options.context} --namespace ${namespace}`;
    }

    /** Waits for preprocess and for the models, and shows forecasts. Fails when a series was rejected. */
    public async report(series: readonly Reported[]): Promise<void> {
        const names = series.map(({ name }) => name);
        const log = await new Progress(this.output).step(
            series.length === 1 ? `Data of ${names.join("")}` : `Data of ${names.length} series`,
            { estimate: 10_000 * names.length },
            () => this.pipeline.pass(...(names.length === 1 ? ["--series", ...names] : [])),
        );
        const outcomes = preprocessedOf(log);
        const refused: string[] = [];
        for (const name of names.filter((candidate) => !outcomes.has(candidate))) {
            refused.push(await this.refusal(name));
        }
        if (refused.length < names.length) {
            await this.forecasts(series, outcomes);
        }
        if (refused.length > 0) {
            fail(refused.join("\n"));
        }
    }

    private async refusal(name: string): Promise<string> {
        const rejection = await this.store.rejection(name);
        return rejection === undefined
            ? `Series ${name} was not processed; read ${this.kubectl} logs deployment/preprocess.`
            : rejectionText(name, rejection);
    }

    private async forecasts(
        series: readonly Reported[],
        outcomes: ReadonlyMap<string, Preprocessed>,
    ): Promise<void> {
        const url = this.outputs.urls.inference;
        if (url === undefined) {
            this.output.line(
                "\nThe data were accepted. The forecast API is another stack's, or has no address outside the cluster " +
                    `(flts:loadBalancer.service): ${this.kubectl} port-forward service/inference-lb 8023:80`,
            );
            return;
        }
        let shown = 0;
        for (const { name, observations } of series) {
            const processed = outcomes.get(name);
            if (processed === undefined) {
                continue;
            }
            const wanted = { series: name, processed, observations: await observations() };
            const outcome = await waitForModel(this.output, url, this.pipeline, wanted, this.kubectl);
            if (shown < SHOWN_FORECASTS) {
                this.show(name, outcome, wanted.observations);
                shown += 1;
            }
        }
    }

    private show(name: string, { forecast, kept }: ModelOutcome, observations: Observations): void {
        if (kept !== undefined) {
            this.output.line(
                `\nNo new model of ${name} was promoted (${kept}); the one before stays in service.`,
            );
        }
        if (forecast !== undefined) {
            const last = String(observations.time?.at(-1));
            this.output.line(`\nForecast of ${name} by run ${forecast.run_id}, after ${last}:`);
            this.output.line(forecastChart(forecast, observations));
            for (const warning of forecast.warnings ?? []) {
                this.output.line(`Note: ${warning}.`);
            }
        }
    }
}
