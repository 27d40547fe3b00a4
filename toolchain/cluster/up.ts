import { existsSync } from "node:fs";
import { withLock } from "../tools/lock";
import { formatDuration, type Console } from "../console";
import { describeDaemons } from "./daemons";
import { inspect } from "./health";
import { contextName, type Layout } from "./layout";
import { refuseOtherOwner } from "./owner";
import { isCurrent, type Daemon } from "./processes";
import { requireRoot } from "./root";
import { scratchImage } from "./scratchImage";
import { start } from "./start";
import { finishDeletion } from "./state";
import { builtTool } from "./tools";

/** True if all processes run as they should, and the cluster works. */
async function isUp(layout: Layout, daemons: readonly Daemon[]): Promise<boolean> {
    return (
        existsSync(layout.kubeconfig) &&
        daemons.every((daemon) => isCurrent(layout, daemon)) &&
        (await inspect(layout)).every((check) => check.healthy)
    );
}

/**
 * Brings the embedded cluster up, or heals what is broken of it; does nothing if it is up and well. Throws a `UserError`
 * for what the user has to put right, and an error with the end of a log for what fails on the way.
 */
export async function up(layout: Layout, console: Console): Promise<void> {
    const started = Date.now();
    requireRoot("starting the embedded cluster");
    refuseOtherOwner(layout);
    const waiting = (holder: string): void => {
        console.line(`Waiting for another run of this command (process ${holder}) to end`);
    };
    await withLock(layout.lock, waiting, async () => {
        finishDeletion(layout);
        const pause = await scratchImage(builtTool("pause"));
        const daemons = describeDaemons(layout, pause.reference);
        const wasUp = await isUp(layout, Object.values(daemons));
        if (!wasUp) {
            await start(layout, daemons, console);
        }
        console.line(
            `Embedded cluster is ${wasUp ? "up already" : `up after ${formatDuration(Date.now() - started)}`}: ` +
                `context ${contextName} in ${layout.kubeconfig}`,
        );
    });
}
