/** How far the pipeline is on its way to the first model. */
export interface Stage {
    /** What it is at, in a few words. */
    readonly detail: string;
    /** Share of the training done, 0 to 1; undefined while nothing trains. */
    readonly fraction: number | undefined;
}

/** A line of the trainer's log: JSON, one event a line. */
interface LogEvent {
    readonly event?: string;
    /** Finished epochs of all, as in `3/12`. */
    readonly epoch?: string;
}

/** Events of the trainer's log that tell people where it is. */
const DETAILS: Readonly<Record<string, string>> = {
    consuming: "waiting for training data",
    train_start: "training",
    held_out: "logging the model",
    train_done: "waiting for the promotion",
    claim_already_trained: "waiting for the promotion",
};

/** Reads the newest telling line out of a trainer's log; anything else in it is passed over. */
export function stageOf(log: string): Stage {
    for (const line of log.trim().split("\n").reverse()) {
        let entry: LogEvent;
        try {
            entry = JSON.parse(line) as LogEvent;
        } catch {
            continue;
        }
        const [, done, all] = /^(\d+)\/(\d+)$/.exec(entry.epoch ?? "") ?? [];
        if (done !== undefined && all !== undefined) {
            return { detail: `training, epoch ${done} of ${all}`, fraction: Number(done) / Number(all) };
        }
        const detail = DETAILS[entry.event ?? ""];
        if (detail !== undefined) {
            return { detail, fraction: undefined };
        }
    }
    return { detail: "waiting for the trainer", fraction: undefined };
}
