import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";

/** The services' Python, whose rules for CSV files hold here too. */
const SERVICES = join(__dirname, "../../services");

/** How far the reading of a file is. */
export interface ReadingProgress {
    readonly file: string;
    /** What the file is read for: its encoding, a format, its rows. */
    readonly purpose: string;
    /** Bytes that were read for this purpose. */
    readonly done: number;
    /** Bytes of the file. */
    readonly size: number;
}

/** A program with its parameters that answers requests as services/flts/preprocess/reading/check.py does. */
export type Interpreter = readonly [program: string, ...parameters: string[]];

/**
 * The machine's own Python, without its packages and settings. It ends at once where it is too old, lacks a module of
 * the standard library, or knows no time zones.
 */
export const NATIVE: Interpreter = [
    "python3",
    ...["-I", "-S", "-B", "-X", "utf8", "-c"],
    `import sys
assert sys.version_info >= (3, 11)
from zoneinfo import ZoneInfo
ZoneInfo("Europe/Madrid")
sys.path.insert(0, sys.argv[1])
from flts.preprocess.reading.check import main
main()`,
    SERVICES,
];

/** Python in WebAssembly, which comes with the packages: it takes a second or two to load, and four times as long. */
export const WEB_ASSEMBLY: Interpreter = [process.execPath, join(__dirname, "webAssembly.mjs"), SERVICES];

/** An interpreter that is not ready by then is given up, in milliseconds. */
const READY = 30_000;
/** The end of what an interpreter wrote to standard error that is shown when it fails, in characters. */
const SHOWN = 2_000;

type Line = { ready: true } | { progress: ReadingProgress } | { answer: unknown };

let chosen: Promise<Reader> | undefined;

/** The reader of this process: the machine's Python where it can be used. */
export function reader(): Promise<Reader> {
    chosen ??= Reader.first([NATIVE, WEB_ASSEMBLY]);
    return chosen;
}

/**
 * Python as a child process, which reads and validates files. It takes one request at a time, ends with this process, and
 * does not keep it alive while there is nothing to answer.
 */
export class Reader {
    private readonly lines: Interface;
    private last: Promise<unknown> = Promise.resolve();
    private errors = "";

    private constructor(
        public readonly interpreter: Interpreter,
        private readonly child: ChildProcessWithoutNullStreams,
    ) {
        this.lines = createInterface({ input: child.stdout });
        child.stderr.on("data", (chunk: Buffer) => {
            this.errors = `${this.errors}${chunk.toString()}`.slice(-SHOWN);
        });
        // A process that has ended gets no request; its end reports that.
        child.stdin.on("error", () => undefined);
    }

    /** The first of some interpreters that can be used. */
    public static async first(interpreters: readonly Interpreter[]): Promise<Reader> {
        const failures: unknown[] = [];
        for (const interpreter of interpreters) {
            try {
                return await Reader.start(interpreter);
            } catch (error) {
                failures.push(error);
            }
        }
        throw new AggregateError(failures, failures.map(String).join("\n"));
    }

    /** Starts an interpreter; rejects where it cannot be used. */
    public static async start(interpreter: Interpreter): Promise<Reader> {
        const [program, ...parameters] = interpreter;
        const started = new Reader(interpreter, spawn(program, parameters, { stdio: "pipe" }));
        const timer = setTimeout(() => {
            started.close();
        }, READY);
        try {
            await started.until((line) => ("ready" in line ? line : undefined));
        } finally {
            clearTimeout(timer);
        }
        started.keepAlive(false);
        return started;
    }

    /** The id of the interpreter's process. */
    public get pid(): number {
        return this.child.pid ?? NaN;
    }

    /**
     * Asks for `check`, `last_rows` or `parts`.
     *
     * @param values those of the function in services/flts/preprocess/reading/check.py.
     * @param report gets the progress a few times a second.
     */
    public ask(
        call: "check" | "last_rows" | "parts",
        values: Readonly<Record<string, unknown>>,
        report: (progress: ReadingProgress) => void,
    ): Promise<unknown> {
        const answer = this.last.then(() => this.exchange({ call, arguments: values }, report));
        this.last = answer.catch(() => undefined);
        return answer;
    }

    /** Ends the process. */
    public close(): void {
        this.child.kill();
    }

    private async exchange(request: object, report: (progress: ReadingProgress) => void): Promise<unknown> {
        this.keepAlive(true);
        try {
            this.child.stdin.write(`${JSON.stringify(request)}\n`);
            const { answer } = await this.until((line) => {
                if ("progress" in line) {
                    report(line.progress);
                }
                return "answer" in line ? line : undefined;
            });
            return answer;
        } finally {
            this.keepAlive(false);
        }
    }

    /** The first line that `take` makes something of; rejects when the process ends before. */
    private async until<T>(take: (line: Line) => T | undefined): Promise<T> {
        const over = new AbortController();
        const { signal } = over;
        try {
            return await Promise.race([
                new Promise<T>((resolve, reject) => {
                    const look = (text: string): void => {
                        try {
                            const taken = take(JSON.parse(text) as Line);
                            if (taken !== undefined) {
                                resolve(taken);
                            }
                        } catch (error) {
                            reject(error instanceof Error ? error : new Error(String(error)));
                        }
                    };
                    this.lines.on("line", look);
                    signal.addEventListener("abort", () => this.lines.off("line", look));
                }),
                once(this.child, "close", { signal }).then(() => {
                    throw this.failure();
                }),
            ]);
        } finally {
            over.abort();
        }
    }

    private failure(): Error {
        const { signalCode, exitCode } = this.child;
        return new Error(`${this.interpreter[0]} ended (${signalCode ?? exitCode}): ${this.errors.trim()}`);
    }

    private keepAlive(needed: boolean): void {
        const { child } = this;
        // The pipes of a child process are sockets, whatever their types say.
        for (const part of [child, child.stdin, child.stdout, child.stderr] as unknown as readonly Held[]) {
            if (needed) {
                part.ref();
            } else {
                part.unref();
            }
        }
    }
}

/** What keeps this process alive, or does not. */
interface Held {
    ref(): void;
    unref(): void;
}
