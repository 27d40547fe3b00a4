import type * as kubernetes from "@pulumi/kubernetes";

type PodSecurityContext = kubernetes.types.input.core.v1.PodSecurityContext;
type SecurityContext = kubernetes.types.input.core.v1.SecurityContext;

/** Labels of a namespace that admits only pods of the Pod Security Standard `restricted`. */
export const RESTRICTED_NAMESPACE_LABELS = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/warn": "restricted",
    "pod-security.kubernetes.io/audit": "restricted",
} as const;

/** Labels of a namespace that admits every pod, for one that must see the node's files. */
export const PRIVILEGED_NAMESPACE_LABELS = {
    "pod-security.kubernetes.io/enforce": "privileged",
} as const;

/** Numeric user and group of the project's own images (`images/base`). */
export const SERVICE_USER = 10001;

/** Numeric user of the official image `haproxy`. */
export const HAPROXY_USER = 99;

/**
 * Pod settings of the Pod Security Standard `restricted`, with a numeric user so that the kubelet can see that
 * it is not root without reading the image.
 *
 * @param user numeric user, whose number is also that of the group that owns volumes.
 * @param group numeric group that the containers run as.
 */
export function restrictedPod(user: number, group = user): PodSecurityContext {
    return {
        runAsNonRoot: true,
        runAsUser: user,
        runAsGroup: group,
        fsGroup: user,
        // A volume whose root already belongs to the group is not walked again at each start.
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
    };
}

/** Container settings of the Pod Security Standard `restricted`, and a root file system that cannot be written. */
export function restrictedContainer(): SecurityContext {
    return {
        runAsNonRoot: true,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
    };
}
