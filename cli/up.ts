import { join, resolve } from "node:path";
import type { StackOutputs } from "../stacks/outputs/outputs";
import { createConsole, fail, Progress, runMain, table, type Console } from "../toolchain/console/index";
import { isSameData, lastObservations, requestForecast, servedData } from "./progress/forecast";
import { kubectlIn, type Kubectl } from "./stack/kubectl";
import { readOptions } from "./stack/options";
import { deploymentOverrides, SAMPLE_DATASET } from "./stack/overrides";
import { GRAFANA_LEFT_OUT, onlyBuiltImages } from "./stack/pulledImages";
import { PipelineState, TRAINERS } from "./progress/pipelineState";
import { isTraining } from "./progress/stage";
import { waitingPods } from "./progress/waitingPods";
import { projectDirectory, Workspace } from "./stack/workspace";

/** Longest wait for the first model, in milliseconds: several times what the sample needs on two busy cores. */
const FORECAST_TIMEOUT = 15 * 60_000;

/** Milliseconds between two looks at the pipeline. */
const POLL_INTERVAL = 2_000;

/** Rows sent with the first forecast: more than the usual window, of which the service takes the end. */
const OBSERVED_ROWS = 96;

/** Steps asked for. */
const FORECAST_STEPS = 5;

/**
 * Waits until the service at `url` answers with the model of the stack's dataset, showing what the pipeline is at.
 *
 * A dataset that was processed before, but whose model made room for another one's since, is processed again: who
 * names a dataset wants its forecast.
 *
 * @param updated when the update of the stack began, in milliseconds since 1970.
 */
async function waitForModel(
    output: Console,
    url: string,
    pipeline: PipelineState,
    updated: number,
    advice: string,
): Promise<void> {
    await new Progress(output).step("Model of this dataset", { estimate: 60_000 }, async (report) => {
        const deadline = Date.now() + FORECAST_TIMEOUT;
        let wanted = pipeline.preprocessed();
        for (;;) {
            const served = await servedData(url);
            if (wanted !== undefined && served !== undefined && isSameData(served, wanted.data)) {
                return;
            }
            const stage = pipeline.stage();
            // Models of other data were promoted since: only a new one of this dataset can take their place.
            if (
                served !== undefined &&
                wanted !== undefined &&
                (wanted.skipped || (wanted.at < updated && !isTraining(stage)))
            ) {
                report(undefined, "processing the dataset again");
                wanted = pipeline.reprocess();
            }
            wanted ??= pipeline.preprocessed();
            if (Date.now() > deadline) {
                fail(
                    `no model of this dataset was promoted within ${FORECAST_TIMEOUT / 60_000} minutes ` +
                        `(last seen: ${stage.detail}); read ${advice}.`,
                );
            }
            report(stage.fraction, stage.detail);
            await new Promise((wake) => setTimeout(wake, POLL_INTERVAL));
        }
    });
}

/** Shows what the model expects after the dataset's last row. */
async function printForecast(output: Console, url: string, dataset: string): Promise<void> {
    const observations = await lastObservations(dataset, OBSERVED_ROWS);
    const forecast = await requestForecast(url, observations, FORECAST_STEPS);
    const columns = Object.keys(forecast.predictions[0] ?? {}).filter((column) =>
        forecast.predictions.some((step) => step[column] !== null),
    );
    output.line(`\nForecast of run ${forecast.run_id}, after ${String(observations.time?.at(-1))}:`);
    output.line(
        table([
            columns,
            ...forecast.predictions.map((step) => columns.map((column) => String(step[column]))),
        ]),
    );
}

/** Says which pods keep an update from its end: pulumi waits for what they belong to, and may not say why. */
async function tellWaitingPods(output: Console, kubectl: Kubectl, stack: string): Promise<void> {
    // A cluster that does not answer is the update's own message already.
    const waiting = await waitingPods(kubectl, stack).catch(() => []);
    if (waiting.length > 0) {
        output.line(`\nPods that do not work:\n${table(waiting)}\n`);
    }
}

/** `make up`: the stack, its URLs, and a forecast from the data it was given. */
async function main(output: Console): Promise<void> {
    const options = readOptions(process.env);
    const workspace = new Workspace(options);
    workspace.prepare(await deploymentOverrides(options));
    if (await onlyBuiltImages(options)) {
        output.line(GRAFANA_LEFT_OUT);
    }
    const updated = Date.now();
    try {
        await workspace.run(["up", "--yes", "--skip-preview"]);
    } catch (error) {
        await tellWaitingPods(
            output,
            kubectlIn(workspace.environment, options.context, "default"),
            options.stack,
        );
        throw error;
    }

    const outputs = workspace.outputs() as unknown as StackOutputs;
    const kubectl = `kubectl --context ${options.context} --namespace ${outputs.namespace}`;
    output.line(`\nReachable from this machine:\n${table(Object.entries(outputs.urls))}`);
    output.line(`\nInside the cluster:\n${table(Object.entries(outputs.endpoints))}`);
    output.line(`\nCredentials are in these Secrets (${kubectl} get secret NAME):`);
    output.line(table(Object.entries(outputs.secrets)));

    if (outputs.endpoints.inference === undefined) {
        // The forecast API is another stack's.
        return;
    }
    const url = outputs.urls.inference;
    if (url === undefined) {
        output.line(
            "\nThe forecast API has no address outside the cluster (flts:loadBalancer.service). " +
                `Reach it with: ${kubectl} port-forward service/inference-lb 8023:80`,
        );
        return;
    }
    await waitForModel(
        output,
        url,
        new PipelineState(workspace.environment, options.context, outputs.namespace),
        updated,
        `${kubectl} logs --prefix --selector '${TRAINERS}', and of deployment/eval`,
    );
    await printForecast(
        output,
        url,
        options.dataset === undefined ? join(projectDirectory, SAMPLE_DATASET) : resolve(options.dataset),
    );
}

const output = createConsole(process.stdout);
void runMain(output, () => main(output));
