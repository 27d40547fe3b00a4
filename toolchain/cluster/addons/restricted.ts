/** Namespace of the cluster's own pods. */
export const systemNamespace = "kube-system";

/** Security context of a pod under the restricted Pod Security standard, as the cluster's scratch images run. */
export const restrictedPod = {
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    seccompProfile: { type: "RuntimeDefault" },
} as const;

/** Security context of such a pod's containers. */
export const restrictedContainer = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
} as const;
