import { readFileSync } from "node:fs";
import { run } from "../commands";
import { systemTool } from "../tools";

/** Mount points in `mountInfo` (the text of /proc/self/mountinfo, proc(5)) at or below `directory`, innermost first. */
export function mountsBelow(mountInfo: string, directory: string): string[] {
    return mountInfo
        .split("\n")
        .flatMap((line) => line.split(" ")[4] ?? [])
        .map((path) =>
            path.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8))),
        )
        .filter((path) => path === directory || path.startsWith(`${directory}/`))
        .reverse();
}

/** Rounds of unmounting before giving up: containers that are just ending unmount some of theirs themselves. */
const maximumRounds = 20;

/** Unmounts everything at or below `directory`. Throws with umount's own words if something stays mounted. */
export async function unmountBelow(directory: string): Promise<void> {
    let complaint: unknown;
    for (let round = 0; round < maximumRounds; round++) {
        const mounts = mountsBelow(readFileSync("/proc/self/mountinfo", "utf8"), directory);
        if (mounts.length === 0) {
            return;
        }
        for (const path of mounts) {
            // Lazily, since a file that is still open somewhere must not keep the cluster from going away.
            await run(systemTool("umount"), ["--lazy", path]).catch((error: unknown) => {
                complaint = error;
            });
        }
    }
    throw complaint;
}
