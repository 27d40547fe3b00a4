import { join } from "node:path";
import { execa } from "execa";
import { toolPath } from "../../toolchain/tools/paths";
import { clusterLayout } from "../../toolchain/cluster/layout";

/** The project's root. */
export const projectDirectory = join(__dirname, "..", "..");

/** What a finished command left behind. */
export interface Outcome {
    readonly code: number | null;
    /** Standard output. */
    readonly output: string;
    /** Standard output and standard error, in the order they came. */
    readonly everything: string;
}

/** How a command is run. */
export interface CommandOptions {
    readonly environment?: NodeJS.ProcessEnv;
    /** Folder in which it is run. Default: the project's root. */
    readonly directory?: string;
    /** Text for standard input. Default: none. */
    readonly input?: string;
    /** Number of the group that the command runs as. Default: this process's. */
    readonly group?: number;
    /** Passes the output on to the terminal, for commands that take minutes. Default false. */
    readonly show?: boolean;
}

/** Runs `program` to its end; the caller checks the exit code. */
export async function run(
    program: string,
    parameters: readonly string[],
    options: CommandOptions = {},
): Promise<Outcome> {
    const output = options.show ? (["pipe", "inherit"] as const) : "pipe";
    const result = await execa(program, parameters, {
        cwd: options.directory ?? projectDirectory,
        env: options.environment ?? {},
        input: options.input ?? "",
        ...(options.group === undefined ? {} : { gid: options.group }),
        stdout: output,
        stderr: output,
        all: true,
        reject: false,
        stripFinalNewline: false,
    });
    if (result.exitCode === undefined && result.signal === undefined) {
        throw new Error(result.message);
    }
    return { code: result.exitCode ?? null, output: result.stdout, everything: result.all };
}

/** Like `run`, but a bad exit code is an error that shows what the command said. Returns standard output. */
export async function succeed(
    program: string,
    parameters: readonly string[],
    options: CommandOptions = {},
): Promise<string> {
    const outcome = await run(program, parameters, options);
    if (outcome.code !== 0) {
        throw new Error(
            `${program} ${parameters.join(" ")} ended with ${outcome.code}:\n${outcome.everything}`,
        );
    }
    return outcome.output;
}

/** `make`, as its user would call it; `choices` are its variables, such as `DATASET=path.csv`. */
export function make(target: string, ...choices: readonly string[]): Promise<Outcome> {
    return run("make", ["--no-print-directory", target, ...choices], { show: true });
}

/** Environment in which kubectl reaches the embedded cluster. */
export function clusterEnvironment(): NodeJS.ProcessEnv {
    return { KUBECONFIG: clusterLayout().kubeconfig };
}

/** kubectl on the embedded cluster; fails with what it said. */
export function kubectl(...parameters: readonly string[]): Promise<string> {
    return succeed(toolPath("kubectl"), parameters, { environment: clusterEnvironment() });
}

/** A list or object read with `kubectl get … -o json`. */
export async function kubectlGet<T>(...parameters: readonly string[]): Promise<T> {
    return JSON.parse(await kubectl("get", ...parameters, "--output", "json")) as T;
}

/** Creates objects, or makes what is there equal to them. */
export async function kubectlApply(objects: readonly object[]): Promise<void> {
    const list = { apiVersion: "v1", kind: "List", items: objects };
    await succeed(toolPath("kubectl"), ["apply", "--filename", "-"], {
        environment: clusterEnvironment(),
        input: JSON.stringify(list),
    });
}

/** Processes the stack's dataset once more, as its user would; returns the log. */
export function preprocess(namespace: string): Promise<string> {
    return kubectl("-n", namespace, "exec", "deployment/preprocess", "--", "python", "main.py");
}
