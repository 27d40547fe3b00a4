import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../console";
import type { Layout } from "./layout";

/** State directory of the cluster that is up on this machine (or was left half down), or undefined if there is none. */
export function ownerOfMachine(layout: Layout): string | undefined {
    return existsSync(layout.owner) ? readFileSync(layout.owner, "utf8").trim() : undefined;
}

/** Throws a `UserError` if a cluster of another state directory is up: both would use the same addresses. */
export function refuseOtherOwner(layout: Layout): void {
    const owner = ownerOfMachine(layout);
    const own = dirname(layout.root);
    if (owner !== undefined && owner !== own) {
        throw new UserError(
            `an embedded cluster with FLTS_STATE=${owner} is up, and FLTS_STATE is ${own} now; a machine has room for ` +
                `one: stop it first with \`FLTS_STATE=${owner} make cluster-down\``,
        );
    }
}

/** Notes that this machine's addresses are taken by this cluster. */
export function claimMachine(layout: Layout): void {
    mkdirSync(layout.run, { recursive: true, mode: 0o711 });
    writeFileSync(layout.owner, `${dirname(layout.root)}\n`);
}
