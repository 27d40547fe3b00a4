import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Milliseconds that work took on this machine, by name; the source of the next run's estimates. */
export class Durations {
    readonly #values: Record<string, number>;

    /** @param path the file that keeps them; a missing or unreadable one only means that nothing is known yet. */
    constructor(readonly path: string) {
        this.#values = {};
        if (existsSync(path)) {
            try {
                this.#values = JSON.parse(readFileSync(path, "utf8")) as Record<string, number>;
            } catch {
                // Written by an older or interrupted run: estimates fall back to the pinned durations.
            }
        }
    }

    get(name: string): number | undefined {
        return this.#values[name];
    }

    set(name: string, milliseconds: number): void {
        this.#values[name] = Math.round(milliseconds * 100) / 100;
        mkdirSync(dirname(this.path), { recursive: true });
        writeFileSync(`${this.path}.new`, `${JSON.stringify(this.#values, null, 4)}\n`);
        renameSync(`${this.path}.new`, this.path);
    }

    /** Runs `work` and keeps how long it took, if it succeeds. */
    async measure<T>(name: string, work: () => Promise<T>): Promise<T> {
        const started = Date.now();
        const result = await work();
        this.set(name, Date.now() - started);
        return result;
    }
}
