import type * as kubernetes from "@pulumi/kubernetes";

/**
 * A StatefulSet's claims stay when it is deleted or scaled down. That is also the default of Kubernetes; it is explicit
 * because data depends on it.
 */
export const KEEP_CLAIMS: kubernetes.types.input.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy = {
    whenDeleted: "Retain",
    whenScaled: "Retain",
};

/**
 * Name of the storage class that a stack makes for volumes that stay; classes have no namespace, so two stacks in one
 * cluster have one each.
 */
export function retainingClassName(namespace: string): string {
    return `${namespace}-retain`;
}

/**
 * Claim template of a StatefulSet.
 *
 * @param storageClass undefined takes the cluster's default class.
 */
export function volumeClaim(
    name: string,
    size: string,
    storageClass: string | undefined,
): kubernetes.types.input.core.v1.PersistentVolumeClaim {
    return {
        metadata: { name },
        spec: {
            accessModes: ["ReadWriteOnce"],
            ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
            resources: { requests: { storage: size } },
        },
    };
}
