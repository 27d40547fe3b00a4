import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { formatBytes, type Console } from "../console/index";
import { describeGoCaches, directorySize, removeGoCaches } from "./goCaches";
import { withLock } from "./lock";
import type { ToolStore } from "./store";

/**
 * Removes what only speeds up a later build and is ours: tools of other pins, logs, and the Go caches in FLTS_GO_CACHE.
 * The present tools stay, and so do Go caches of the user's own, which other projects share.
 */
export async function cleanCaches(store: ToolStore, logs: string, console: Console): Promise<void> {
    const wait = (holder: string): void => {
        console.line(`Another run (process ${holder}) is building the tools: waiting for it.`);
    };
    await withLock(join(store.parent, ".lock"), wait, async () => {
        const others = readdirSync(store.parent, { withFileTypes: true })
            .filter((entry) => entry.isDirectory() && entry.name !== store.key)
            .map((entry) => join(store.parent, entry.name));
        for (const path of [...others, logs].filter(existsSync)) {
            const size = await directorySize(path);
            rmSync(path, { recursive: true, force: true });
            console.line(`removed ${path} (${formatBytes(size)})`);
        }
        const freed = await removeGoCaches();
        console.line(
            freed === undefined
                ? `kept: ${await describeGoCaches()}`
                : `removed Go's caches in FLTS_GO_CACHE (${formatBytes(freed)})`,
        );
    });
}
