import { spawn } from "node:child_process";
import { formatDuration } from "../../toolchain/console";

/** When a suite's command is taken for one that does not end. */
export interface CommandLimits {
    /** All of it. */
    readonly seconds: number;
    /** Without a word. */
    readonly silentMilliseconds: number;
}

/** What a suite's command left behind. */
export interface CommandResult {
    /** Everything that it printed. */
    readonly text: string;
    /** Exit code; never 0 for a command that reached a limit. */
    readonly code: number | null;
}

/**
 * Runs a command of the shell to its end or to a limit. At a limit the processes that it started end too: all of them are
 * in one group, which `timeout` signals.
 *
 * @param prefix words before the shell, such as `nice`.
 * @param print gets what the command prints, as it comes.
 */
export async function runSuiteCommand(
    command: string,
    prefix: readonly string[],
    { seconds, silentMilliseconds }: CommandLimits,
    print: (text: string) => void,
): Promise<CommandResult> {
    const parameters = ["--kill-after=1m", String(seconds), ...prefix, "bash", "-c", command];
    const child = spawn("timeout", parameters, { stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    const take = (part: string): void => {
        text += part;
        print(part);
    };
    const silence = setTimeout(() => {
        take(`\nerror: stopped, since it printed nothing for ${formatDuration(silentMilliseconds)}\n`);
        child.kill();
    }, silentMilliseconds);
    for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (chunk: Buffer) => {
            silence.refresh();
            take(chunk.toString());
        });
    }
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    clearTimeout(silence);
    return { text, code };
}
