import type { DeclaredObject } from "../../components/core/cluster/transformation";
import type { Settings } from "../settings/parsed/settings";
import { demandsOf } from "./declaredDemands";
import type { Demands } from "./demands";
import type { Facts } from "./facts";
import { CHECKS, unchecked, whenKnown, type Check, type Finding } from "./finding";
import { nodeFindings } from "./nodes";
import { objectFindings } from "./objects";
import { neededAccess, permissionFindings } from "./permissions";
import { quotaFindings } from "./quota";
import { readFacts } from "./readFacts";

/** The stack that is to be deployed. */
export interface Deployment {
    readonly settings: Settings;
    readonly stack: string;
    /** kubeconfig context of the cluster. */
    readonly context: string;
    /** Everything that the program declares in the cluster. */
    readonly objects: readonly DeclaredObject[];
    /** The stack's namespace, as objects in it name it: the text, and the output that says that it exists. */
    readonly home: readonly unknown[];
    /** Whether the run is a preview. */
    readonly preview: boolean;
    /** Checks that the run skips. */
    readonly skipped: readonly Check[];
}

/** Compares what the stack asks for with what the cluster has, and changes nothing. */
export async function preflight(deployment: Deployment): Promise<readonly Finding[]> {
    const { settings, context, objects, home, preview, skipped } = deployment;
    if (CHECKS.every((check) => skipped.includes(check))) {
        return [];
    }
    const demands = demandsOf(objects, home);
    const { name } = settings.namespace;
    const facts = await readFacts(context, {
        namespace: name,
        access: neededAccess(demands, name, preview),
        pullSecrets: settings.cluster.pullSecrets,
    });
    return findingsOf(facts, demands, deployment);
}

/** What these facts have against these demands. */
export function findingsOf(
    facts: Facts,
    demands: Demands,
    { settings, stack, context, skipped }: Pick<Deployment, "settings" | "stack" | "context" | "skipped">,
): readonly Finding[] {
    const { namespace, cluster } = settings;
    const checks: Readonly<Record<Check, () => readonly Finding[]>> = {
        permissions: () =>
            whenKnown("permissions", facts.denied, (denied) =>
                permissionFindings(denied, demands, context, facts.user),
            ),
        quota: () =>
            whenKnown(`quotas of the namespace ${namespace.name}`, facts.namespace, (found) =>
                found === undefined
                    ? []
                    : quotaFindings(found, facts.pods, {
                          namespace: namespace.name,
                          instance: stack,
                          demands,
                      }),
            ),
        nodes: () =>
            whenKnown("whether the nodes take the pods", facts.nodes, (nodes) =>
                nodeFindings(nodes, facts.pods, demands.pods, {
                    instance: stack,
                    growing: cluster.autoscaledNodes,
                }),
            ),
        objects: () => objectFindings(facts, demands, settings),
    };
    return CHECKS.flatMap((check) =>
        skipped.includes(check) || cluster.skipChecks.includes(check)
            ? [unchecked(check, "skipped")]
            : checks[check](),
    );
}
