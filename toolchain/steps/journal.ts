import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { cacheDirectory } from "../tools/directories";
import { Durations } from "../tools/durations";
import type { Plan, StepName } from "./plan";

/** A run of `make up`, whose steps are processes of their own. */
interface Run {
    /** Milliseconds since the epoch. */
    readonly started: number;
    readonly plan: Plan;
    /** Milliseconds that steps took, by name. */
    readonly took: Readonly<Record<string, number>>;
}

/** Keeps what the steps of `make up` take: for its closing lines, and for what the next run expects. */
export class Journal {
    readonly durations: Durations;
    readonly #path: string;

    /** @param directory where it is kept; by default FLTS_CACHE. */
    constructor(directory: string = cacheDirectory()) {
        this.durations = new Durations(join(directory, "durations.json"));
        this.#path = join(directory, "up.json");
    }

    begin(plan: Plan, started: number): void {
        this.#write({ started, plan, took: {} });
    }

    /** Runs `work`, and keeps how long it took if it succeeds. A step of several processes is the sum of theirs. */
    async measure<T>(name: StepName, work: () => Promise<T>): Promise<T> {
        const started = Date.now();
        const result = await work();
        this.#add(name, Date.now() - started);
        return result;
    }

    /** Keeps what loading took, by image. */
    loaded(images: number, milliseconds: number): void {
        if (images > 0) {
            this.durations.set("load-per-image", milliseconds / images);
            this.#add("load", milliseconds);
        }
    }

    /** The run that was begun last, which ends with this; undefined if there is none. */
    end(now: number): { plan: Plan; took: ReadonlyMap<string, number>; elapsed: number } | undefined {
        const run = this.#read();
        rmSync(this.#path, { force: true });
        return run === undefined
            ? undefined
            : { plan: run.plan, took: new Map(Object.entries(run.took)), elapsed: now - run.started };
    }

    #add(name: StepName, milliseconds: number): void {
        const run = this.#read();
        if (run === undefined) {
            return;
        }
        const record = run.plan.steps.find((step) => step.name === name)?.record;
        if (record !== undefined) {
            this.durations.set(record, milliseconds);
        }
        this.#write({ ...run, took: { ...run.took, [name]: (run.took[name] ?? 0) + milliseconds } });
    }

    #read(): Run | undefined {
        return existsSync(this.#path) ? (JSON.parse(readFileSync(this.#path, "utf8")) as Run) : undefined;
    }

    #write(run: Run): void {
        mkdirSync(dirname(this.#path), { recursive: true });
        // Whole at any moment: another run may read it.
        const written = `${this.#path}.${process.pid}`;
        writeFileSync(written, JSON.stringify(run));
        renameSync(written, this.#path);
    }
}
