import {
    spawn,
    spawnSync,
    type ChildProcessWithoutNullStreams,
    type SpawnSyncReturns,
} from "node:child_process";
import { join } from "node:path";
import { findExecutable, toolPath } from "../../../toolchain/tools/paths";

const root = join(__dirname, "..", "..", "..");

export interface Outcome {
    readonly code: number | null;
    /** Standard output and standard error together. */
    readonly output: string;
    readonly seconds: number;
}

function outcome(started: number, result: SpawnSyncReturns<string>): Outcome {
    return {
        code: result.status,
        output: `${result.stdout}${result.stderr}`,
        seconds: (Date.now() - started) / 1000,
    };
}

type Command = "up" | "down" | "status";

function driver(
    command: Command,
    state: string,
): [string, string[], { cwd: string; env: NodeJS.ProcessEnv }] {
    const main = join(root, "toolchain", "cluster", "main.ts");
    return [
        process.execPath,
        ["-r", "ts-node/register/transpile-only", main, command],
        { cwd: root, env: { ...process.env, FLTS_STATE: state } },
    ];
}

/** Starts the cluster's driver as `make` does, on the state directory `state`, and does not wait for its end. */
export function startDriving(command: Command, state: string): ChildProcessWithoutNullStreams {
    return spawn(...driver(command, state));
}

/** Runs the cluster's driver to its end. */
export function drive(command: Command, state: string): Outcome {
    const started = Date.now();
    const [program, all, options] = driver(command, state);
    return outcome(started, spawnSync(program, all, { ...options, encoding: "utf8" }));
}

function kubectlPath(): string {
    const beside = process.env.FLTS_TOOLS_BIN === undefined ? undefined : findExecutable("kubectl");
    return beside ?? toolPath("kubectl");
}

/** kubectl and its arguments for the cluster of the state directory `state`. */
export function kubectlCommand(state: string, ...commandArguments: string[]): [string, string[]] {
    return [kubectlPath(), ["--kubeconfig", join(state, "cluster", "admin.kubeconfig"), ...commandArguments]];
}

/** Runs kubectl and returns its standard output. Throws with its standard error if it fails. */
export function kubectl(state: string, commandArguments: readonly string[], input = ""): string {
    const [command, all] = kubectlCommand(state, ...commandArguments);
    const result = spawnSync(command, all, { encoding: "utf8", input, timeout: 90_000 });
    if (result.status !== 0) {
        throw new Error(`kubectl ${commandArguments.join(" ")}: ${result.stderr}`);
    }
    return result.stdout;
}
