import pWaitFor from "p-wait-for";
import { EVALUATOR_NAME } from "../../components/contract";
import { fail, Progress, type Console } from "../../toolchain/console/index";
import {
    isSameData,
    NoPodReady,
    requestForecast,
    servedData,
    type Forecast,
    type Observations,
} from "./forecast";
import { TRAINERS, type PipelineState, type Preprocessed } from "./pipelineState";
import { isTraining } from "./stage";

/** Longest wait for a model, in milliseconds: several times what the sample needs on two busy cores. */
const MODEL_TIMEOUT = 15 * 60_000;
/** Milliseconds between two polls of the pipeline. */
const POLL_INTERVAL = 2_000;
/** Steps asked for. */
const FORECAST_STEPS = 5;
/** Share of the actual values that are to lie in the forecast's interval. */
const INTERVAL = 0.9;

/** A series whose data were processed, and its last rows. */
export interface WantedModel {
    readonly series: string;
    readonly processed: Preprocessed;
    readonly observations: Observations;
}

/** What became of the models of a series. */
export interface ModelOutcome {
    /** What the API answers; undefined where it has no model of the series. */
    readonly forecast: Forecast | undefined;
    /** Why the previous model stays, in the evaluator's words; undefined where a model of these data is served. */
    readonly kept: string | undefined;
}

/**
 * Waits until the service at `url` answers with a model of the processed data, or the evaluator has decided to keep the
 * one before; shows meanwhile what the pipeline is at.
 *
 * @param kubectl how the reader calls kubectl for this stack, for advice.
 */
export async function waitForModel(
    output: Console,
    url: string,
    pipeline: Pick<PipelineState, "stage" | "decision">,
    { series, processed, observations }: WantedModel,
    kubectl: string,
): Promise<ModelOutcome> {
    const ask = (): Promise<Forecast> => requestForecast(url, observations, FORECAST_STEPS, series, INTERVAL);
    return new Progress(output).step(`Model of ${series}`, { estimate: 60_000 }, async (report) => {
        let detail = "";
        const decided = async () => {
            const served = await servedData(url, series);
            if (served !== undefined && processed.deferred !== undefined) {
                const forecast = await ask().catch(undefinedWhereNoPodIsReady);
                return (
                    forecast !== undefined &&
                    pWaitFor.resolveWith<ModelOutcome>({ forecast, kept: processed.deferred })
                );
            }
            if (served !== undefined && isSameData(served, processed.data)) {
                // One pod has the model; a load balancer of several may not know yet that it is ready.
                const forecast = await ask().catch(undefinedWhereNoPodIsReady);
                return (
                    forecast !== undefined &&
                    pWaitFor.resolveWith<ModelOutcome>({ forecast, kept: undefined })
                );
            }
            const stage = await pipeline.stage();
            const decision = await pipeline.decision(processed.data);
            const isOld = processed.skipped && served !== undefined && !isTraining(stage);
            if (decision?.promoted === false || (decision === undefined && isOld)) {
                // The rows need not fit the previous model.
                const forecast = await ask().catch(() => undefined);
                const kept = decision?.reason ?? "these data were decided about before";
                return pWaitFor.resolveWith<ModelOutcome>({ forecast, kept });
            }
            detail = stage.detail;
            report(stage.fraction, detail);
            return false;
        };
        return await pWaitFor(decided, {
            interval: POLL_INTERVAL,
            timeout: {
                milliseconds: MODEL_TIMEOUT,
                fallback: () =>
                    fail(
                        `no model of ${series} was promoted within ${MODEL_TIMEOUT / 60_000} minutes (last seen: ${detail}); ` +
                            `read ${kubectl} logs --prefix --selector '${TRAINERS}', and of deployment/${EVALUATOR_NAME}.`,
                    ),
            },
        });
    });
}

function undefinedWhereNoPodIsReady(error: unknown): undefined {
    if (!(error instanceof NoPodReady)) {
        throw error;
    }
}
