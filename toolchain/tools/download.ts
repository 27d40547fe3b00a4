import { readFileSync } from "node:fs";
import { basename } from "node:path";

import { run } from "./command";
import { fileHash } from "./store";

/** Seconds for the server to answer. Where downloads are refused the answer comes at once; this bounds silence. */
const connectTimeout = 5;

/** Result of a download: undefined if it stands, else in a few words why not. */
export type Refusal = string | undefined;

/** Fetches `address` to `file`. curl, because it follows the proxy settings of the machine. */
async function download(address: string, file: string, log: string): Promise<Refusal> {
    const server = new URL(address).host;
    try {
        const result = await run(
            "curl",
            [
                "--fail",
                "--location",
                "--silent",
                "--show-error",
                "--connect-timeout",
                String(connectTimeout),
                // A transfer that stalls below 10 kB/s for 30 s counts as refused.
                "--speed-limit",
                "10000",
                "--speed-time",
                "30",
                "--output",
                file,
                address,
            ],
            { log },
        );
        const reason = result.stderr.trim().split("\n").at(-1) ?? "";
        return result.code === 0 ? undefined : `${server} does not serve it (${reason})`;
    } catch {
        return "curl is missing";
    }
}

/**
 * Fetches `address` and checks it against the checksum the publisher gives at `checksumAddress`: a file of lines
 * `<digest>  <name>`, or one digest alone.
 */
export async function downloadChecked(
    address: string,
    checksumAddress: string,
    algorithm: "sha256" | "sha512",
    file: string,
    log: string,
): Promise<Refusal> {
    const checksums = `${file}.${algorithm}`;
    // The small file first: where it is refused, nothing large is fetched.
    const refusal = (await download(checksumAddress, checksums, log)) ?? (await download(address, file, log));
    if (refusal !== undefined) {
        return refusal;
    }
    const expected = findChecksum(readFileSync(checksums, "utf8"), basename(new URL(address).pathname));
    if (expected === undefined) {
        return `no checksum is published for ${basename(address)}`;
    }
    const found = await fileHash(file, algorithm);
    return found === expected ? undefined : `${basename(address)} has ${algorithm} ${found}, not ${expected}`;
}

/** The digest of `name` in a published checksum file. */
export function findChecksum(text: string, name: string): string | undefined {
    const lines = text
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .filter(([digest = ""]) => /^[0-9a-f]{64,128}$/.test(digest));
    const only = lines.length === 1 && lines[0]?.length === 1 ? lines[0] : undefined;
    return (only ?? lines.find(([, file = ""]) => file.replace(/^[*]?(?:\.\/)?/, "") === name))?.[0];
}
