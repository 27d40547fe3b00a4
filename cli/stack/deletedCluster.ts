import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Console } from "../../toolchain/console/index";

/** A stack on the embedded cluster, as far as the deletion of that cluster matters to it. */
export interface EmbeddedStack {
    readonly name: string;
    /** The file beside the stack's settings that names the cluster of its last update. */
    readonly clusterFile: string;
    exists(): boolean;
    /** Forgets the stack, whatever its state still holds. */
    remove(): void;
}

/**
 * `make cluster-down` deletes the embedded cluster and knows no stacks. The state of a stack that was deployed there
 * lists objects that no longer exist, and an update would fail on the first of them. So that state is forgotten here.
 * A stack whose cluster is not known, as after an update by release 0.1.0, is left as it is.
 *
 * @param identity UID of the present cluster's namespace kube-system, which lives as long as the cluster.
 */
export function forgetDeletedCluster(stack: EmbeddedStack, identity: string, console: Console): void {
    const known = existsSync(stack.clusterFile) ? readFileSync(stack.clusterFile, "utf8").trim() : identity;
    if (known !== identity && stack.exists()) {
        console.line(
            `stack ${stack.name}: its embedded cluster was deleted, with all that the stack had there; a new stack is created`,
        );
        stack.remove();
    }
    writeFileSync(stack.clusterFile, `${identity}\n`);
}
