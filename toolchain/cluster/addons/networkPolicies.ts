import { certificates } from "../pki";

const name = "flts:network-policy-enforcer";

/** What the enforcer of NetworkPolicies may do: look. */
export function networkPolicyObjects(): object[] {
    const list = (apiGroup: string, ...resources: string[]): object => ({
        apiGroups: [apiGroup],
        resources,
        verbs: ["list", "watch"],
    });
    return [
        {
            apiVersion: "rbac.authorization.k8s.io/v1",
            kind: "ClusterRole",
            metadata: { name },
            rules: [list("", "pods", "namespaces"), list("networking.k8s.io", "networkpolicies")],
        },
        {
            apiVersion: "rbac.authorization.k8s.io/v1",
            kind: "ClusterRoleBinding",
            metadata: { name },
            roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
            subjects: [
                {
                    kind: "User",
                    apiGroup: "rbac.authorization.k8s.io",
                    name: certificates["network-policy-enforcer"].commonName,
                },
            ],
        },
    ];
}
