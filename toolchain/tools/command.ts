import { appendFileSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";

import { fail, UserError } from "../console/index";

export interface CommandOptions {
    readonly cwd?: string;
    /** Added to this process's environment. */
    readonly environment?: Readonly<Record<string, string>>;
    /** File that gets the command line and all output, appended. */
    readonly log?: string;
    /** Milliseconds after which the program is ended; by default it may take as long as it likes. */
    readonly timeout?: number;
    /** Called for each line of standard error, where build tools report what they are at. */
    readonly onLine?: (line: string) => void;
    /** Interrupts the program, as Ctrl-C does, when it is aborted. */
    readonly signal?: AbortSignal | undefined;
}

export interface CommandResult {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
}

/** Runs a program and waits for it; a code other than 0 is a result, a program that cannot be started an error. */
export async function run(
    program: string,
    args: readonly string[],
    options: CommandOptions = {},
): Promise<CommandResult> {
    const { cwd = ".", environment = {}, log, timeout = 0, onLine, signal } = options;
    if (log !== undefined) {
        mkdirSync(dirname(log), { recursive: true });
    }
    const write = (text: string): void => {
        if (log !== undefined) {
            appendFileSync(log, text);
        }
    };
    write(`# ${new Date().toISOString()} ${program} ${args.join(" ")}\n`);
    const output = log === undefined ? "pipe" : (["pipe", { file: log, append: true }] as const);
    const child = execa(program, args, {
        cwd,
        env: environment,
        timeout,
        ...(signal === undefined ? {} : { cancelSignal: signal, killSignal: "SIGINT" as const }),
        stdin: "ignore",
        stdout: output,
        stderr: output,
        reject: false,
        stripFinalNewline: false,
        // Of a compiler or an image's layers.
        maxBuffer: 1024 * 1024 * 1024,
    });
    if (onLine !== undefined) {
        createInterface({ input: child.stderr }).on("line", onLine);
    }
    const result = await child;
    if (result.exitCode === undefined && result.signal === undefined && !result.isCanceled) {
        write(`# ${result.message}\n`);
        throw new UserError(`${program} could not be started: ${result.originalMessage}`);
    }
    // As a shell counts programs that a signal ended.
    const code = result.exitCode ?? 128;
    write(`# exit code ${code}\n`);
    return { code, stdout: result.stdout, stderr: result.stderr };
}

/** As `run`, but a code other than 0 fails with the last lines and the place of the log. Returns standard output. */
export async function must(
    program: string,
    args: readonly string[],
    options: CommandOptions = {},
): Promise<string> {
    const result = await run(program, args, options);
    if (result.code !== 0) {
        fail(
            `${program} ${args[0] ?? ""} failed with code ${result.code}${lastLines(result)}${where(options.log)}`,
        );
    }
    return result.stdout;
}

/** The end of a command's output, indented under a message. */
export function lastLines(result: CommandResult, count = 12): string {
    const lines = `${result.stdout}\n${result.stderr}`.split("\n").filter((line) => line.trim() !== "");
    return lines
        .slice(-count)
        .map((line) => `\n    ${line}`)
        .join("");
}

/** Names the log below a message. */
export function where(log: string | undefined): string {
    return log === undefined ? "" : `\n  whole log: ${log}`;
}
