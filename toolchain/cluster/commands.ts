import { execa } from "execa";

/**
 * Runs `command` to its end and returns its standard output.
 *
 * @param input text for its standard input; empty by default.
 * @throws an `ExecaError` with what the command printed if it fails.
 */
export async function run(
    command: string,
    commandArguments: readonly string[],
    { input = "" }: { readonly input?: string } = {},
): Promise<string> {
    return (await execa(command, commandArguments, { input, stripFinalNewline: false })).stdout;
}

/** True if `command` ends with exit code 0. */
export async function succeeds(command: string, commandArguments: readonly string[]): Promise<boolean> {
    return !(await execa(command, commandArguments, { input: "", reject: false })).failed;
}
