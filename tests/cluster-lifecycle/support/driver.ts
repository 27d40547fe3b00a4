import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { join } from "node:path";
import { findExecutable, toolPath } from "../../../toolchain/build/paths";

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

/** Runs the cluster's driver as `make` does, on the state directory `state`. */
export function drive(command: "up" | "down" | "status", state: string): Outcome {
    const started = Date.now();
    return outcome(
        started,
        spawnSync(
            process.execPath,
            ["-r", "ts-node/register/transpile-only", join(root, "toolchain", "cluster", "main.ts"), command],
            { cwd: root, encoding: "utf8", env: { ...process.env, FLTS_STATE: state } },
        ),
    );
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
