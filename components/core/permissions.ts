import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** Kinds of objects that a tier may read, by API group. */
export type ReadableKinds = Readonly<Record<string, readonly string[]>>;

export type PolicyRule = kubernetes.types.input.rbac.v1.PolicyRule;

/** Rules that allow to get, list and watch objects, but not to change them. */
export function readRules(kinds: ReadableKinds): PolicyRule[] {
    return Object.entries(kinds).map(([group, resources]) => ({
        apiGroups: [group],
        resources: [...resources],
        verbs: ["get", "list", "watch"],
    }));
}

/** What binds a role to an account. */
export function grant(
    kind: "Role" | "ClusterRole",
    role: pulumi.Input<string>,
    account: kubernetes.core.v1.ServiceAccount,
): Pick<kubernetes.rbac.v1.RoleBindingArgs, "roleRef" | "subjects"> {
    const { name, namespace } = account.metadata;
    return {
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: role },
        subjects: [{ kind: "ServiceAccount", name, namespace }],
    };
}
