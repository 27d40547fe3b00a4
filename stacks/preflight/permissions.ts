import { requestsWith, type ApiRequest } from "../../components/core/cluster/apiRequests";
import type { Demands } from "./demands";
import { error, listed, type Finding } from "./finding";

/** A preview makes everything with a dry run, for which the same verbs are asked. */
const PREVIEW_VERBS = ["create", "patch", "get"] as const;
/** How the provider follows a kind. */
const WATCH_VERBS = ["list", "watch"] as const;
/**
 * Server-side apply makes and changes an object. Whether it is ready, or gone, the provider sees by a watch of its kind:
 * without the permission for one it waits without an end, whatever its timeouts are (pkg/await/informers of v4.25.0).
 */
const UPDATE_VERBS = [...PREVIEW_VERBS, ...WATCH_VERBS, "delete"] as const;

const PODS = ["", "pods"] as const;
const ENDPOINTS = ["", "endpoints"] as const;

/** Kinds that the provider watches beside one of a stack, by resource: group and resource (pkg/await of v4.25.0). */
const WATCHED_BESIDE: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
    deployments: [["apps", "replicasets"], PODS, ["", "persistentvolumeclaims"]],
    statefulsets: [PODS],
    daemonsets: [PODS],
    jobs: [PODS],
    services: [ENDPOINTS],
    ingresses: [ENDPOINTS, ["", "services"]],
};

/** Kinds that are in no namespace. */
const CLUSTER_WIDE = ["namespaces", "clusterroles", "clusterrolebindings", "storageclasses"];

/** Who may do this may do everything. */
export const EVERYTHING: ApiRequest = { group: "*", resource: "*", verb: "*", namespace: undefined };

/**
 * Every permission that deploying these objects needs.
 *
 * @param requests of the program itself, which makes none of them in a preview.
 * @param namespace of the stack. What is elsewhere is in a namespace that the stack makes, so it is asked for all.
 */
export function neededAccess(
    { objects }: Demands,
    requests: readonly ApiRequest[],
    namespace: string,
    preview: boolean,
): readonly ApiRequest[] {
    const needed = objects.flatMap(({ group, resource, home, verbs, rules }): ApiRequest[] => {
        const place = home && !CLUSTER_WIDE.includes(resource) ? namespace : undefined;
        const asked = (which: readonly string[], of: string, kind: string): readonly ApiRequest[] =>
            requestsWith(which, { group: of, resource: kind, namespace: place });
        const updated = [
            ...asked([...UPDATE_VERBS, ...verbs], group, resource),
            ...(WATCHED_BESIDE[resource] ?? []).flatMap(([of, kind]) => asked(WATCH_VERBS, of, kind)),
        ];
        return [
            ...(preview ? asked(PREVIEW_VERBS, group, resource) : updated),
            // Nobody can grant what they may not do: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
            ...rules.flatMap(({ apiGroups = [], resources = [], verbs: granted }) =>
                apiGroups.flatMap((of) => resources.flatMap((kind) => asked(granted, of, kind))),
            ),
        ];
    });
    const all = preview ? needed : [...needed, ...requests];
    return [...new Map(all.map((request) => [keyOf(request), request])).values()];
}

function keyOf({ group, resource, verb, namespace }: ApiRequest): string {
    return [namespace ?? "", group, resource, verb].join(" ");
}

/** One finding for each place in which something is not permitted. */
export function permissionFindings(
    denied: readonly ApiRequest[],
    { objects }: Demands,
    context: string,
    user: string,
): readonly Finding[] {
    const places = [...new Set(denied.map(({ namespace }) => namespace))];
    const resources = new Set(objects.map(({ resource }) => resource));
    return places.map((namespace) => {
        const here = denied.filter((request) => request.namespace === namespace);
        const byKind = new Map<string, string[]>();
        for (const { group, resource, verb } of here) {
            const kind = nameOf(group, resource);
            byKind.set(kind, [...(byKind.get(kind) ?? []), verb]);
        }
        const byVerbs = new Map<string, string[]>();
        for (const [kind, verbs] of byKind) {
            const together = verbs.join("/");
            byVerbs.set(together, [...(byVerbs.get(together) ?? []), kind]);
        }
        const missing = [...byVerbs]
            .map(([verbs, kinds]) => `${verbs} ${listed(kinds.sort(), 30)}`)
            .join("; ");
        const where = namespace === undefined ? "in the whole cluster" : `in the namespace ${namespace}`;
        const ways = namespace === undefined ? alternatives(here, resources) : [];
        return error(
            `kubernetes:context = "${context}": ${user} may not ${missing} ${where}; ` +
                [grantOf(namespace, user), ...ways].join(", or "),
        );
    });
}

/** As kubectl has it: `statefulsets.apps/scale`. */
function nameOf(group: string, resource: string): string {
    const [plural = "", ...subresource] = resource.split("/");
    return [group === "" ? plural : `${plural}.${group}`, ...subresource].join("/");
}

function grantOf(namespace: string | undefined, user: string): string {
    return namespace === undefined
        ? `have an administrator grant it with a ClusterRole bound to ${user}`
        : `have an administrator grant it: kubectl --namespace ${namespace} create rolebinding flts --clusterrole=admin ` +
              subjectOf(user);
}

/** `system:serviceaccount:<namespace>:<name>` is not a user for kubectl. */
function subjectOf(user: string): string {
    const [, namespace, name] = /^system:serviceaccount:([^:]+):(.+)$/.exec(user) ?? [];
    return name === undefined ? `--user=${user}` : `--serviceaccount=${namespace ?? ""}:${name}`;
}

/** Settings without which less is needed in the whole cluster. */
function alternatives(denied: readonly ApiRequest[], declared: ReadonlySet<string>): string[] {
    const isDenied = (resource: string): boolean => denied.some((request) => request.resource === resource);
    return [
        ...(isDenied("namespaces") && declared.has("namespaces")
            ? ["set flts:namespace.create to false and flts:monitoring.logs.enabled to false"]
            : []),
        ...(isDenied("storageclasses") ? ["set flts:volumes.retain to false"] : []),
        ...(isDenied("clusterroles") ? ["leave the layer monitoring out of flts:layers"] : []),
    ];
}
