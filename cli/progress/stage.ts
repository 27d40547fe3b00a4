/** How far the pipeline is on its way to the first model. */
export interface Stage {
    /** What each trainer is at, in a few words. */
    readonly detail: string;
    /** Share of all training done, 0 to 1; undefined while nothing trains. */
    readonly fraction: number | undefined;
}

/** True while a trainer is training. */
export function isTraining({ fraction }: Stage): boolean {
    return fraction !== undefined && fraction < 1;
}

/** A line of a trainer's log: JSON, one event a line. */
interface LogEvent {
    readonly event?: string;
    readonly model_type?: string;
    /** Finished epochs of all, as in `3/12`. */
    readonly epoch?: string;
}

/** Events of a trainer's log that report its progress. */
const STAGES: Readonly<Record<string, Stage>> = {
    consuming: { detail: "waiting for data", fraction: undefined },
    train_start: { detail: "training", fraction: 0 },
    held_out: { detail: "logging its model", fraction: 1 },
    train_done: { detail: "done", fraction: 1 },
    claim_already_trained: { detail: "done", fraction: 1 },
};

function stageOfEvent({ event, epoch }: LogEvent): Stage | undefined {
    const [, done, all] = /^(\d+)\/(\d+)$/.exec(epoch ?? "") ?? [];
    return done !== undefined && all !== undefined
        ? { detail: `epoch ${done} of ${all}`, fraction: Number(done) / Number(all) }
        : STAGES[event ?? ""];
}

/** Reads each trainer's newest line of progress out of their logs, put together; anything else in them is passed over. */
export function stageOf(logs: string): Stage {
    const trainers = new Map<string, Stage>();
    for (const line of logs.trim().split("\n")) {
        let entry: LogEvent;
        try {
            entry = JSON.parse(line) as LogEvent;
        } catch {
            continue;
        }
        const stage = stageOfEvent(entry);
        if (stage !== undefined && entry.model_type !== undefined) {
            trainers.set(entry.model_type, stage);
        }
    }
    if (trainers.size === 0) {
        return { detail: "waiting for the trainers", fraction: undefined };
    }
    const stages = [...trainers.values()];
    const anyTrains = stages.some(({ fraction }) => fraction !== undefined);
    return {
        detail: [...trainers].map(([type, { detail }]) => `${type} ${detail}`).join(", "),
        fraction: anyTrains
            ? stages.reduce((sum, { fraction }) => sum + (fraction ?? 0), 0) / stages.length
            : undefined,
    };
}
