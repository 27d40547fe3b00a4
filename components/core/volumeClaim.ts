import type * as kubernetes from "@pulumi/kubernetes";

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
