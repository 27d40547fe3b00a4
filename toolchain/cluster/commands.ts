import { spawn } from "node:child_process";

/** A command that ended with an exit code other than 0; its message holds what the command said. */
export class CommandError extends Error {
    override readonly name = "CommandError";
    constructor(
        command: string,
        readonly exitCode: number | null,
        readonly output: string,
    ) {
        super(`${command} failed (exit code ${exitCode ?? "none"}): ${output.trim()}`);
    }
}

export interface RunOptions {
    /** Text for the command's standard input; none by default. */
    readonly input?: string;
    readonly environment?: NodeJS.ProcessEnv;
    readonly directory?: string;
}

/** Runs `command` to its end and returns its standard output. Throws `CommandError` if it fails. */
export async function run(
    command: string,
    commandArguments: readonly string[],
    options: RunOptions = {},
): Promise<string> {
    return await new Promise((resolve, reject) => {
        const child = spawn(command, commandArguments, {
            stdio: ["pipe", "pipe", "pipe"],
            env: options.environment ?? process.env,
            cwd: options.directory,
        });
        const stdout: Buffer[] = [];
        const stderr: Buffer[] = [];
        child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
        child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
        child.on("error", reject);
        child.on("close", (code) => {
            const output = Buffer.concat(stdout).toString();
            if (code === 0) {
                resolve(output);
            } else {
                const said = Buffer.concat(stderr).toString().trim() || output;
                reject(new CommandError(`${command} ${commandArguments.join(" ")}`, code, said));
            }
        });
        // A command that ends without reading its input breaks the pipe; its exit code tells more than the pipe does.
        child.stdin.on("error", () => undefined);
        child.stdin.end(options.input ?? "");
    });
}

/** True if `command` ends with exit code 0. */
export async function succeeds(command: string, commandArguments: readonly string[]): Promise<boolean> {
    try {
        await run(command, commandArguments);
        return true;
    } catch {
        return false;
    }
}
