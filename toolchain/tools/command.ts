import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { dirname } from "node:path";

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
    if (options.log !== undefined) {
        mkdirSync(dirname(options.log), { recursive: true });
    }
    const log = options.log === undefined ? undefined : createWriteStream(options.log, { flags: "a" });
    log?.write(`# ${new Date().toISOString()} ${program} ${args.join(" ")}\n`);
    const child = spawn(program, args, {
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        env: { ...process.env, ...options.environment },
        ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
        stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    let unfinished = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
        log?.write(text);
        stderr += text;
        const lines = (unfinished + text).split("\n");
        unfinished = lines.pop() ?? "";
        lines.forEach((line) => options.onLine?.(line));
    });
    try {
        const code = await new Promise<number>((resolve, reject) => {
            child.once("error", reject);
            child.once("close", (exitCode, signal) => {
                resolve(exitCode ?? (signal === null ? 1 : 128));
            });
        });
        log?.write(`${stdout}# exit code ${code}\n`);
        return { code, stdout, stderr };
    } catch (error) {
        log?.write(`# ${String(error)}\n`);
        throw new UserError(`${program} could not be started: ${(error as Error).message}`);
    } finally {
        await new Promise<void>((resolve) => {
            if (log === undefined) {
                resolve();
            } else {
                log.end(resolve);
            }
        });
    }
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
