import { must, type CommandOptions } from "../tools/command";

/** A program and its arguments. */
export type Command = readonly [string, ...string[]];

/**
 * Runs `producer | consumer`, as `must` does with a failure of either, and returns the consumer's output. What flows between
 * them, here whole images, touches neither this process nor the disk.
 */
export async function pipe(
    producer: Command,
    consumer: Command,
    options: CommandOptions = {},
): Promise<string> {
    // $0 is the number of words of the producer, which come first in "$@".
    const script = '"${@:1:$0}" | "${@:$0+1}"';
    return await must(
        "bash",
        ["-o", "pipefail", "-c", script, String(producer.length), ...producer, ...consumer],
        options,
    );
}
