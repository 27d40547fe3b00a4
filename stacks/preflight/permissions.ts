import type { Demands } from "./demands";
import type { Access } from "./facts";
import { error, listed, type Finding } from "./finding";

/** Verbs that the provider uses on an object: it is made and changed by server-side apply, and watched until it is ready. */
const UPDATE_VERBS = ["create", "patch", "get", "delete"] as const;
/** A preview makes everything with a dry run, for which the same verbs are asked. */
const PREVIEW_VERBS = ["create", "patch", "get"] as const;

/** Kinds that are in no namespace. */
const CLUSTER_WIDE = ["namespaces", "clusterroles", "clusterrolebindings", "storageclasses"];

/** Who may do this may do everything. */
export const EVERYTHING: Access = { group: "*", resource: "*", verb: "*", namespace: undefined };

/**
 * Every permission that deploying these objects needs.
 *
 * @param namespace of the stack. What is elsewhere is in a namespace that the stack makes, so it is asked for all.
 */
export function neededAccess({ objects }: Demands, namespace: string, preview: boolean): readonly Access[] {
    const verbs = preview ? PREVIEW_VERBS : UPDATE_VERBS;
    const needed = objects.flatMap(({ group, resource, home, rules }): Access[] => {
        const place = home && !CLUSTER_WIDE.includes(resource) ? namespace : undefined;
        return [
            ...verbs.map((verb) => ({ group, resource, verb, namespace: place })),
            // Nobody can grant what they may not do: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
            ...rules.flatMap(({ apiGroups = [], resources = [], verbs: granted }) =>
                apiGroups.flatMap((granting) =>
                    resources.flatMap((kind) =>
                        granted.map((verb) => ({ group: granting, resource: kind, verb, namespace: place })),
                    ),
                ),
            ),
        ];
    });
    return [...new Map(needed.map((access) => [keyOf(access), access])).values()];
}

function keyOf({ group, resource, verb, namespace }: Access): string {
    return [namespace ?? "", group, resource, verb].join(" ");
}

/** One finding for each place in which something is not permitted. */
export function permissionFindings(
    denied: readonly Access[],
    { objects }: Demands,
    context: string,
    user: string,
): readonly Finding[] {
    const places = [...new Set(denied.map(({ namespace }) => namespace))];
    const resources = new Set(objects.map(({ resource }) => resource));
    return places.map((namespace) => {
        const here = denied.filter((access) => access.namespace === namespace);
        const byKind = new Map<string, string[]>();
        for (const { group, resource, verb } of here) {
            const kind = group === "" ? resource : `${resource}.${group}`;
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
function alternatives(denied: readonly Access[], declared: ReadonlySet<string>): string[] {
    const isDenied = (resource: string): boolean => denied.some((access) => access.resource === resource);
    return [
        ...(isDenied("namespaces") && declared.has("namespaces")
            ? ["set flts:namespace.create to false and flts:monitoring.logs.enabled to false"]
            : []),
        ...(isDenied("storageclasses") ? ["set flts:volumes.retain to false"] : []),
        ...(isDenied("clusterroles") ? ["leave the layer monitoring out of flts:layers"] : []),
    ];
}
