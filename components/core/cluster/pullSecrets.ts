import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { objectLabels } from "../labels";
import type { OwnershipGuard } from "../ownershipGuard";
import type { PullSecret } from "./clusterSettings";

/** A namespace that pods pull images in. */
interface Target {
    /** As a literal: a Secret that is already in the namespace is not copied. */
    readonly name: string;
    /** The name, once the namespace exists. */
    readonly ready: pulumi.Input<string>;
    /** Prefix of the names of the resources. */
    readonly prefix: string;
}

/** Copies of pull secrets in other namespaces, because the kubelet reads only those in the pod's namespace. */
export function copiedPullSecrets(
    args: {
        readonly instance: string;
        readonly ownership: OwnershipGuard;
        readonly pullSecrets: readonly PullSecret[];
    },
    target: Target,
    options: pulumi.CustomResourceOptions,
): kubernetes.core.v1.Secret[] {
    const { instance, ownership, pullSecrets } = args;
    return pullSecrets
        .filter(({ namespace }) => namespace !== target.name)
        .map(({ namespace, name, localName }) => {
            const source = kubernetes.core.v1.Secret.get(
                `${target.prefix}${name}-source`,
                `${namespace}/${name}`,
                options,
            );
            return new kubernetes.core.v1.Secret(
                `${target.prefix}${name}`,
                {
                    metadata: {
                        name: localName,
                        namespace: target.ready,
                        labels: { ...objectLabels({ instance, name: "pull-secret" }) },
                    },
                    type: source.type,
                    data: source.data,
                },
                { ...options, ...ownership.options },
            );
        });
}
