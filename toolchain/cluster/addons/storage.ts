import { provisionerName } from "../processes/storageProvisioner";
import { certificates } from "../pki";

/** Name of the default StorageClass. */
export const storageClassName = "standard";

const role = "flts:storage-provisioner";
const user = certificates["storage-provisioner"].commonName;

function binding(name: string, roleName: string): object {
    return {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: roleName },
        subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: user }],
    };
}

/** The default StorageClass, and what its provisioner may do. */
export function storageObjects(): object[] {
    return [
        {
            apiVersion: "storage.k8s.io/v1",
            kind: "StorageClass",
            metadata: {
                name: storageClassName,
                annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
            },
            provisioner: provisionerName,
            reclaimPolicy: "Delete",
            // A directory is on a node: which one is known when the first pod that uses it is scheduled.
            volumeBindingMode: "WaitForFirstConsumer",
        },
        // The role for provisioners that Kubernetes brings; waiting for a consumer needs the nodes too.
        binding(role, "system:persistent-volume-provisioner"),
        {
            apiVersion: "rbac.authorization.k8s.io/v1",
            kind: "ClusterRole",
            metadata: { name: role },
            rules: [{ apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] }],
        },
        binding(`${role}-nodes`, role),
    ];
}
