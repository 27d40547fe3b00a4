import { certificates } from "../pki";

interface Rule {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
}

function rule(apiGroup: string, resources: readonly string[], ...verbs: string[]): Rule {
    return { apiGroups: [apiGroup], resources, verbs };
}

/** What each of the cluster's own controllers may do, by the name of its certificate. */
const PERMISSIONS = {
    "network-policy-enforcer": [
        rule("", ["pods", "namespaces"], "list", "watch"),
        rule("networking.k8s.io", ["networkpolicies"], "list", "watch"),
    ],
    "load-balancer": [rule("", ["services"], "list", "watch"), rule("", ["services/status"], "update")],
} as const satisfies Partial<Record<keyof typeof certificates, readonly Rule[]>>;

/** The roles of the enforcer of NetworkPolicies and of the load balancer, and their bindings. */
export function controllerObjects(): object[] {
    return Object.entries(PERMISSIONS).flatMap(([certificate, rules]) => {
        const name = `flts:${certificate}`;
        const metadata = { name };
        return [
            { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata, rules },
            {
                apiVersion: "rbac.authorization.k8s.io/v1",
                kind: "ClusterRoleBinding",
                metadata,
                roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
                subjects: [
                    {
                        kind: "User",
                        apiGroup: "rbac.authorization.k8s.io",
                        name: certificates[certificate as keyof typeof PERMISSIONS].commonName,
                    },
                ],
            },
        ];
    });
}
