import { formatDuration } from "./format";
import type { Console } from "./output";

/** What a running step may report: how far it is (0 to 1) and, in a few words, at what. */
export type Report = (fraction: number | undefined, detail?: string) => void;

export interface StepOptions {
    /** Expected duration in milliseconds, as learned from an earlier run; without it only elapsed time is shown. */
    readonly estimate?: number;
}

export interface ProgressOptions {
    /** Milliseconds since the epoch; a test passes its own. Default `Date.now`. */
    readonly now?: () => number;
    /** Milliseconds between signs of life where lines cannot be redrawn. Default 60 000. */
    readonly heartbeat?: number;
}

/** Below this share of the work the measured speed says too little to replace the learned estimate. */
const trustedFraction = 0.1;

/** Milliseconds still to go, from the measured speed once that is meaningful, else from `estimate`; undefined if unknown. */
export function remainingTime(
    elapsed: number,
    fraction: number | undefined,
    estimate: number | undefined,
): number | undefined {
    if (fraction !== undefined && fraction >= trustedFraction) {
        const measured = (elapsed / fraction) * (1 - fraction);
        // Early on the learned estimate is steadier, at the end the measured speed: glide from one to the other.
        return estimate === undefined
            ? measured
            : fraction * measured + (1 - fraction) * Math.max(0, estimate - elapsed);
    }
    return estimate === undefined ? undefined : Math.max(0, estimate - elapsed);
}

/** A step that runs. */
interface RunningStep {
    readonly title: string;
    /** How far it is; `brief` beside other steps, without its time so far and its detail. */
    status(brief: boolean): string;
}

/**
 * Shows long work step by step. On a terminal one line is redrawn each second, with all steps that run at a time; elsewhere
 * each step prints a line at its start and its end, and a heartbeat in between.
 *
 *     const progress = new Progress(createConsole());
 *     await progress.step("Build coredns", { estimate: 60_000 }, async (report) => { report(0.5, "linking"); });
 */
export class Progress {
    readonly #console: Console;
    readonly #now: () => number;
    readonly #heartbeat: number;
    readonly #running = new Set<RunningStep>();

    constructor(console: Console, options: ProgressOptions = {}) {
        this.#console = console;
        this.#now = options.now ?? Date.now;
        this.#heartbeat = options.heartbeat ?? 60_000;
    }

    /** Redraws the line of a terminal; it is empty when no step runs. */
    #draw(): void {
        const { stream } = this.#console;
        const steps = [...this.#running];
        const brief = steps.length > 1;
        const text = steps.map((step) => `${step.title}  ${step.status(brief)}`).join("  |  ");
        const line = text === "" ? "" : `… ${text}`.slice(0, (stream.columns ?? 80) - 1);
        stream.write(`\r\u001b[K${line}`);
    }

    /** Runs `work` as a step named `title`; its outcome, value or error, is passed on unchanged. */
    async step<T>(title: string, options: StepOptions, work: (report: Report) => Promise<T>): Promise<T> {
        const { colors, interactive, stream } = this.#console;
        const started = this.#now();
        let fraction: number | undefined;
        let detail = "";
        const status = (brief: boolean): string => {
            const elapsed = this.#now() - started;
            const remaining = remainingTime(elapsed, fraction, options.estimate);
            return [
                ...(fraction === undefined ? [] : [`${Math.floor(fraction * 100)}%`]),
                ...(brief && remaining !== undefined ? [] : [formatDuration(elapsed)]),
                ...(remaining === undefined ? [] : [`about ${formatDuration(remaining)} left`]),
                ...(detail === "" || brief ? [] : [detail]),
            ].join(", ");
        };
        const running = { title, status };
        const end = (mark: string): void => {
            this.#running.delete(running);
            if (interactive) {
                stream.write("\r\u001b[K");
            }
            this.#console.line(`${mark} ${title}  ${colors.dim(formatDuration(this.#now() - started))}`);
            if (interactive && this.#running.size > 0) {
                this.#draw();
            }
        };

        this.#running.add(running);
        if (interactive) {
            this.#draw();
        } else {
            const expected =
                options.estimate === undefined ? "" : `  (about ${formatDuration(options.estimate)})`;
            this.#console.line(`… ${title}${expected}`);
        }
        const timer = setInterval(
            () => {
                if (interactive) {
                    this.#draw();
                } else {
                    this.#console.line(`… ${title}  ${status(false)}`);
                }
            },
            interactive ? 1000 : this.#heartbeat,
        );
        try {
            const result = await work((newFraction, newDetail) => {
                fraction = newFraction === undefined ? undefined : Math.min(1, Math.max(0, newFraction));
                detail = newDetail ?? detail;
            });
            end(colors.green("✓"));
            return result;
        } catch (error) {
            end(colors.red("✗"));
            throw error;
        } finally {
            clearInterval(timer);
        }
    }
}
