import type { Outcome } from "./commands";
import { runDocumented } from "./documented";

let deployed: Outcome | undefined;

/**
 * The dev stack as `make up` leaves it; returns what the command said.
 *
 * Deployed once for all files of a run, and again after a test gave the stack other settings: an update that changes
 * nothing takes half a minute with all that is around it.
 */
export async function deployStack(): Promise<Outcome> {
    deployed ??= await runDocumented("README.md", "make up", { show: true });
    return deployed;
}

/** Says that the stack is not as `make up` left it. */
export function stackChanged(): void {
    deployed = undefined;
}
