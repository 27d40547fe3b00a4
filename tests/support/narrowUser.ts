import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubectl, kubectlApply } from "./commands";
import { serviceAccountToken, signedIn, type Kubeconfig } from "./kubeconfig";

/** Kinds that a preflight reads, and what keeps data. */
const READ = [
    { apiGroups: [""], resources: ["*"], verbs: ["get", "list"] },
    {
        apiGroups: ["apps", "batch", "storage.k8s.io", "scheduling.k8s.io"],
        resources: ["*"],
        verbs: ["get", "list"],
    },
];

/**
 * A namespace with a quota, and a user who may read everywhere and change only the ConfigMaps in it.
 *
 * @returns the path of a kubeconfig whose contexts are all this user's.
 */
export async function narrowUser(namespace: string, hard: Readonly<Record<string, string>>): Promise<string> {
    const metadata = { name: namespace, namespace };
    const subjects = [{ kind: "ServiceAccount", name: namespace, namespace }];
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", name: namespace };
    const rbac = { apiVersion: "rbac.authorization.k8s.io/v1", metadata };
    await kubectlApply([
        { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
        { apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard } },
        { apiVersion: "v1", kind: "ServiceAccount", metadata },
        {
            ...rbac,
            kind: "Role",
            rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["*"] }],
        },
        { ...rbac, kind: "RoleBinding", roleRef: { ...roleRef, kind: "Role" }, subjects },
        { ...rbac, kind: "ClusterRole", metadata: { name: namespace }, rules: READ },
        {
            ...rbac,
            kind: "ClusterRoleBinding",
            metadata: { name: namespace },
            roleRef: { ...roleRef, kind: "ClusterRole" },
            subjects,
        },
    ]);
    const token = await serviceAccountToken(namespace, namespace);
    const config = JSON.parse(await kubectl("config", "view", "--raw", "--output", "json")) as Kubeconfig;
    const path = join(mkdtempSync(join(tmpdir(), "flts-narrow-")), "kubeconfig");
    writeFileSync(path, JSON.stringify(signedIn(config, token)), { mode: 0o600 });
    return path;
}

/** Takes the namespace away, and what belongs to its user. */
export async function removeNarrowUser(namespace: string): Promise<void> {
    await kubectl(
        "delete",
        `namespace/${namespace}`,
        `clusterrole/${namespace}`,
        `clusterrolebinding/${namespace}`,
    );
}
