import { existsSync, renameSync, rmSync } from "node:fs";
import { restoreHost } from "./host/snapshot";
import type { Layout } from "./layout";

/**
 * Where the state lies while it is deleted, which takes seconds. It is put there at once, so that a deletion that is cut
 * off leaves a whole state or none, and never half of one for the next start to stumble over.
 */
function discarded(layout: Layout): string {
    return `${layout.root}.deleted`;
}

/** Deletes a directory, also while a process that is just ending still writes to it. */
function deleteTree(path: string): void {
    rmSync(path, { recursive: true, force: true, maxRetries: 10 });
}

/** True while there is anything of the cluster's state, also what a deletion that was cut off has left. */
export function hasState(layout: Layout): boolean {
    return existsSync(layout.root) || existsSync(discarded(layout));
}

/** Deletes what a deletion that was cut off has left. */
export function finishDeletion(layout: Layout): void {
    deleteTree(discarded(layout));
}

/** Deletes all that the cluster has written, and gives the machine its own settings back. */
export function deleteState(layout: Layout): void {
    for (const directory of [layout.run, layout.podLogs]) {
        deleteTree(directory);
    }
    restoreHost(layout);
    finishDeletion(layout);
    if (existsSync(layout.root)) {
        renameSync(layout.root, discarded(layout));
        finishDeletion(layout);
    }
}
