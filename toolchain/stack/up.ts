import { resolve } from "node:path";
import { createConsole, fail, Progress, runMain, table, type Console } from "../console";
import { isReady, lastObservations, requestForecast } from "./forecast";
import { readOptions } from "./options";
import { deploymentOverrides, sampleDataset } from "./overrides";
import { pipelineStage } from "./stage";
import { projectDirectory, Workspace } from "./workspace";

/** Longest wait for the first model, in milliseconds: three times what the sample needs on two busy cores. */
const FORECAST_TIMEOUT = 15 * 60_000;

/** Milliseconds between two looks at the pipeline. */
const POLL_INTERVAL = 2_000;

/** Rows sent with the first forecast: more than any model's window, which takes the last of them. */
const OBSERVED_ROWS = 96;

/** Steps asked for. */
const FORECAST_STEPS = 5;

interface Outputs {
    readonly namespace: string;
    readonly urls: Readonly<Record<string, string>>;
    readonly credentials: Readonly<Record<string, string>>;
}

async function waitForModel(
    output: Console,
    workspace: Workspace,
    outputs: Outputs,
    url: string,
): Promise<void> {
    await new Progress(output).step("first model", { estimate: 120_000 }, async (report) => {
        const deadline = Date.now() + FORECAST_TIMEOUT;
        while (!(await isReady(url))) {
            const stage = pipelineStage(workspace.clusterEnvironment, outputs.namespace);
            if (stage.failure !== undefined) {
                fail(stage.failure);
            }
            if (Date.now() > deadline) {
                fail(
                    `no model was promoted within ${FORECAST_TIMEOUT / 60_000} minutes (last seen: ${stage.detail}); ` +
                        `read kubectl --namespace ${outputs.namespace} logs deployment/train-gru and deployment/eval.`,
                );
            }
            report(stage.fraction, stage.detail);
            await new Promise((wake) => setTimeout(wake, POLL_INTERVAL));
        }
    });
}

async function printForecast(output: Console, url: string, dataset: string): Promise<void> {
    const observations = await lastObservations(dataset, OBSERVED_ROWS);
    const forecast = await requestForecast(url, observations, FORECAST_STEPS);
    const columns = Object.keys(forecast.predictions[0] ?? {}).filter((column) =>
        forecast.predictions.some((step) => step[column] !== null),
    );
    output.line(
        `\nFirst forecast (model run ${forecast.run_id}), after ${String(observations.time?.at(-1))}:`,
    );
    output.line(
        table([
            columns,
            ...forecast.predictions.map((step) => columns.map((column) => String(step[column]))),
        ]),
    );
}

/** `make up`: the stack, its URLs, and a forecast from the data it was given. */
async function main(output: Console): Promise<void> {
    const options = readOptions(process.env);
    const workspace = new Workspace(options);
    workspace.prepare(deploymentOverrides(options));
    await workspace.run(["up", "--yes", "--skip-preview"]);
    const outputs = workspace.outputs() as unknown as Outputs;
    const url = outputs.urls.inference ?? fail("the stack has no output urls.inference");
    await waitForModel(output, workspace, outputs, url);
    output.line(`\n${table(Object.entries(outputs.urls))}`);
    output.line(
        "\nCredentials are in these Secrets (kubectl --namespace " + outputs.namespace + " get secret):",
    );
    output.line(table(Object.entries(outputs.credentials)));
    await printForecast(
        output,
        url,
        options.dataset ? resolve(options.dataset) : sampleDataset(projectDirectory),
    );
}

const output = createConsole(process.stdout);
void runMain(output, () => main(output));
