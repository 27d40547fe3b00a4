import { table, type Console } from "../console";
import { inspect } from "./health";
import { contextName, type Layout } from "./layout";
import { requireRoot } from "./root";

/** Prints a table of the cluster's parts. Resolves to true if all of them are well. Needs root, as its files are root's. */
export async function status(layout: Layout, console: Console): Promise<boolean> {
    requireRoot("looking into the embedded cluster");
    const { colors } = console;
    const checks = await inspect(layout);
    const healthy = checks.every((check) => check.healthy);
    console.line(
        table([
            ...checks.map((check) => [
                check.healthy ? colors.green("✓") : colors.red("✗"),
                check.name,
                check.detail,
            ]),
            [" ", "kubeconfig", layout.kubeconfig],
            [" ", "context", contextName],
        ]),
    );
    if (!healthy) {
        console.line("The embedded cluster is not up: `make cluster-up` starts or heals it");
    }
    return healthy;
}
