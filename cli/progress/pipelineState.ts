import { execa } from "execa";
import { EVALUATOR_NAME, TRAINER_NAMES } from "../../components/contract";
import { toolPath } from "../../toolchain/tools/paths";
import type { DataVersion } from "./forecast";
import { stageOf, type Stage } from "./stage";

/** What preprocess did with a series. */
export interface Preprocessed {
    readonly data: DataVersion;
    /** True when the same data had been processed before, so that nothing was announced. */
    readonly skipped: boolean;
    /** Why newer rows than these data are not trained on; undefined where there are none. */
    readonly deferred: string | undefined;
}

/** What the evaluator decided about the models of processed data. */
export interface Decision {
    readonly promoted: boolean;
    /** In the evaluator's words, where nothing was promoted. */
    readonly reason: string;
}

interface LogLine extends Partial<DataVersion> {
    readonly event?: string;
    readonly series?: string;
    readonly served?: boolean;
    readonly reason?: string;
    readonly ratio?: number | null;
    readonly due?: string | null;
}

/** Lines of a log that are JSON, newest first; anything else in it is passed over. */
function linesOf(log: string): LogLine[] {
    return log
        .trim()
        .split("\n")
        .reverse()
        .flatMap((line) => {
            try {
                return [JSON.parse(line) as LogLine];
            } catch {
                return [];
            }
        });
}

const OUTCOMES = ["claims_published", "skip_idempotent", "training_deferred"];

/** The outcome of each series in preprocess' log; a series that was rejected or failed is not among them. */
export function preprocessedOf(log: string): ReadonlyMap<string, Preprocessed> {
    const outcomes = new Map<string, Preprocessed>();
    for (const line of linesOf(log)) {
        const { event, series, config_hash, generation } = line;
        if (
            event !== undefined &&
            OUTCOMES.includes(event) &&
            series !== undefined &&
            config_hash !== undefined &&
            generation !== undefined &&
            !outcomes.has(series)
        ) {
            outcomes.set(series, {
                data: { config_hash, generation },
                skipped: event === "skip_idempotent",
                deferred: event === "training_deferred" ? deferralText(line) : undefined,
            });
        }
    }
    return outcomes;
}

function deferralText({ reason, ratio, due }: LogLine): string {
    const drift = typeof ratio === "number" ? ` (its drift is ${ratio.toPrecision(2)})` : "";
    if (reason === "trained_recently") {
        return `the model has drifted${drift}, and may be trained again from ${due ?? "the next period"} on`;
    }
    return reason === "not_drifted"
        ? `flts:preprocess.retrain is drift, and the model has not drifted${drift}`
        : "flts:preprocess.retrain is drift, and too few forecasts of these rows were asked for to measure it";
}

/** What the evaluator's log says about the models of these data; undefined while it says nothing. */
export function decisionOf(log: string, data: DataVersion): Decision | undefined {
    const lines = linesOf(log);
    const index = lines.findIndex(
        ({ event, served, config_hash, generation }) =>
            config_hash === data.config_hash &&
            generation === data.generation &&
            (event === "promoted" || (event === "below_floor" && served === false)),
    );
    const line = lines[index];
    if (line === undefined) {
        return undefined;
    }
    if (line.event !== "promoted") {
        return { promoted: false, reason: line.reason ?? "" };
    }
    // As after options were changed and changed back: what was processed before is not announced again.
    const isReplaced = lines
        .slice(0, index)
        .some(({ event, series }) => event === "promoted" && series === line.series);
    return isReplaced
        ? { promoted: false, reason: "a model of other data or options was promoted after theirs" }
        : { promoted: true, reason: "" };
}

/** Selects the pods of all trainers. */
export const TRAINERS = `app.kubernetes.io/name in (${Object.values(TRAINER_NAMES).join(",")})`;

/** Looks into the running pipeline of one stack, through kubectl. */
export class PipelineState {
    constructor(
        private readonly environment: NodeJS.ProcessEnv,
        private readonly context: string,
        private readonly namespace: string,
    ) {}

    /** The stage that the trainers are at. */
    async stage(): Promise<Stage> {
        return stageOf((await this.kubectl("logs", "--selector", TRAINERS, "--tail", "20")).output);
    }

    /** What the evaluator decided about the models of these data, as far as its pod's log goes. */
    async decision(data: DataVersion): Promise<Decision | undefined> {
        const { output } = await this.kubectl("logs", `deployment/${EVALUATOR_NAME}`, "--tail", "2000");
        return decisionOf(output, data);
    }

    /**
     * Runs one pass of preprocess; what the watcher has done already is left alone.
     *
     * @param options of `python main.py`, such as `--series NAME`.
     * @returns the log; a series that was rejected is not an error.
     * @throws when the pass could not be run.
     */
    async pass(...options: readonly string[]): Promise<string> {
        // What it did is read from its log, whatever the stack's log level.
        const program = ["env", "LOG_LEVEL=INFO", "python", "main.py", ...options];
        const { output, errors } = await this.kubectl("exec", "deployment/preprocess", "--", ...program);
        if (linesOf(output).length === 0) {
            throw new Error(`a pass of preprocess could not be run: ${errors.trim() || output.trim()}`);
        }
        return output;
    }

    private async kubectl(...parameters: readonly string[]): Promise<{ output: string; errors: string }> {
        const options = ["--context", this.context, "--namespace", this.namespace];
        const { stdout, stderr } = await execa(toolPath("kubectl"), [...options, ...parameters], {
            env: this.environment,
            stdin: "ignore",
            reject: false,
        });
        return { output: stdout, errors: stderr };
    }
}
