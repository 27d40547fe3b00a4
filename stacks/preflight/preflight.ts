import type { ApiRequest } from "../../components/core/cluster/apiRequests";
import type { DeclaredObject } from "../../components/core/cluster/transformation";
import type { Settings } from "../settings/parsed/settings";
import { demandsOf } from "./declaredDemands";
import type { Demands } from "./demands";
import type { Facts } from "./facts";
import { CHECKS, unchecked, whenKnown, type Check, type Finding } from "./finding";
import { endpointFindings, endpointsOf } from "./endpoints";
import { existingGateway } from "./gateway";
import { imageFindings, imagesOf, loginFor } from "./images";
import { nodeFindings } from "./nodes";
import { objectFindings } from "./objects";
import { neededAccess, permissionFindings } from "./permissions";
import { probe } from "./probe";
import { quotaFindings } from "./quota";
import { readFacts } from "./readFacts";
import { readStore } from "./readStore";
import { readImages } from "./registry";
import { storeFindings } from "./store";
import { givenStores, secretsOf } from "./storeQuestions";

/** The stack that is to be deployed. */
export interface Deployment {
    readonly settings: Settings;
    readonly stack: string;
    /** kubeconfig context of the cluster. */
    readonly context: string;
    /** Everything that the program declares in the cluster. */
    readonly objects: readonly DeclaredObject[];
    /** What the program itself asks of the cluster's API. */
    readonly requests: readonly ApiRequest[];
    /** The stack's namespace, as objects in it name it: the text, and the output that says that it exists. */
    readonly home: readonly unknown[];
    /** Whether the run is a preview. */
    readonly preview: boolean;
    /** Checks that the run skips. */
    readonly skipped: readonly Check[];
}

/** Compares what the stack asks for with what the cluster has, and changes nothing. */
export async function preflight(deployment: Deployment): Promise<readonly Finding[]> {
    const { settings, context, objects, requests, home, preview, skipped } = deployment;
    if (CHECKS.every((check) => skipped.includes(check))) {
        return [];
    }
    const demands = demandsOf(objects, home);
    const { name } = settings.namespace;
    const { pullSecrets, skipChecks } = settings.cluster;
    const isWanted = (check: Check): boolean => !skipped.includes(check) && !skipChecks.includes(check);
    const stores = isWanted("objectStore") ? givenStores(settings) : [];
    const [cluster, endpoints] = await Promise.all([
        readFacts(context, {
            namespace: name,
            access: neededAccess(demands, requests, name, preview),
            pullSecrets,
            gateway: existingGateway(settings),
            secrets: secretsOf(stores),
        }),
        Promise.all(isWanted("endpoints") ? endpointsOf(settings).map(probe) : []),
    ]);
    const { imageRegistry: registry } = settings;
    const login = registry === undefined ? undefined : loginFor(registry, cluster.pullSecrets.values());
    const [images, answers] = await Promise.all([
        registry === undefined || !isWanted("images")
            ? undefined
            : readImages(registry, imagesOf(demands), login),
        Promise.all(stores.map((store) => readStore(store, cluster.secrets))),
    ]);
    const facts: Facts = { ...cluster, images, endpoints, stores: answers };
    return findingsOf(facts, demands, deployment);
}

/** What these facts have against these demands. */
export function findingsOf(
    facts: Facts,
    demands: Demands,
    deployment: Omit<Deployment, "objects" | "requests" | "home">,
): readonly Finding[] {
    const { settings, stack, context, skipped, preview } = deployment;
    const { namespace, cluster, imageRegistry: registry } = settings;
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
        images: () =>
            registry === undefined || facts.images === undefined
                ? []
                : imageFindings(facts.images, { registry, pullSecrets: cluster.pullSecrets, preview }),
        endpoints: () => endpointFindings(facts.endpoints),
        objectStore: () => storeFindings(facts, settings),
    };
    return CHECKS.flatMap((check) =>
        skipped.includes(check) || cluster.skipChecks.includes(check)
            ? [unchecked(check, "skipped")]
            : checks[check](),
    );
}
