import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { fail } from "../console/index";

/**
 * Runs `work` while holding the lock file `path`, so that two runs never write to the same place. The lock is the
 * kernel's (flock(1) of util-linux, held by a child that ends when its standard input closes): however this process
 * dies, the lock is free again and nothing has to be cleaned up or guessed from ages and process numbers.
 *
 * @param onWait called once, with the holder's process id if known, when another run has the lock.
 */
export async function withLock<T>(
    path: string,
    onWait: (holder: string) => void,
    work: () => Promise<T>,
): Promise<T> {
    mkdirSync(dirname(path), { recursive: true });
    const release = (await hold(path, true)) ?? (onWait(readHolder(path)), await hold(path, false));
    if (release === undefined) {
        return fail(`${path}: the lock could not be taken; is the folder writable?`);
    }
    writeFileSync(`${path}.holder`, String(process.pid));
    try {
        return await work();
    } finally {
        await release();
    }
}

function readHolder(path: string): string {
    try {
        return readFileSync(`${path}.holder`, "utf8");
    } catch {
        return "unknown";
    }
}

/** Resolves with the release, or with undefined when the lock is taken and `immediate` is set. */
function hold(path: string, immediate: boolean): Promise<(() => Promise<void>) | undefined> {
    return new Promise((resolve, reject) => {
        const child = spawn(
            "flock",
            [...(immediate ? ["--nonblock"] : []), path, "sh", "-c", "echo held; exec cat >/dev/null"],
            // A process group of its own: Ctrl-C must not free the lock before this process has ended.
            { stdio: ["pipe", "pipe", "ignore"], detached: true },
        );
        const exited = new Promise<void>((done) =>
            child.once("exit", () => {
                done();
            }),
        );
        child.once("error", (error) => {
            reject(new Error(`flock (Debian package util-linux) could not be run: ${error.message}`));
        });
        child.stdout.once("data", () => {
            resolve(async () => {
                child.stdin.end();
                await exited;
            });
        });
        child.once("exit", () => {
            resolve(undefined);
        });
    });
}
