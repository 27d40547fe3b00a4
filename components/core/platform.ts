import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ApiRequests } from "./cluster/apiRequests";
import type { ClusterTransformation } from "./cluster/transformation";
import type { ComponentContext } from "./componentOptions";
import type { DataLossGuard } from "./data/dataLossGuard";
import type { ClusterNetwork } from "./network/clusterNetwork";
import type { OwnershipGuard } from "./ownershipGuard";
import type { Images } from "./pod/images";

/** What all tiers share: one cluster, one namespace, one list of images. */
export interface Platform extends ComponentContext {
    /** Name of the stack; part of every selector. */
    readonly instance: string;
    /** `organization/project/stack`, by which Pulumi knows the stack. */
    readonly qualifiedName: string;
    /** UID of the cluster's namespace kube-system; undefined if the deployer may not read it. */
    readonly clusterIdentity: string | undefined;
    /** What the cluster requires of every object; its transformations are those of the components. */
    readonly cluster: ClusterTransformation;
    /** What the program itself asks of the cluster's API. */
    readonly requests: ApiRequests;
    /** kubeconfig context of the cluster, for tunnels. */
    readonly context: string;
    /** Name of the namespace, as a literal for host names. */
    readonly namespaceName: string;
    /** Name of the namespace, as an output that says that it exists. */
    readonly namespace: pulumi.Output<string>;
    /** The namespace itself; undefined where this stack did not create it. */
    readonly namespaceResource: kubernetes.core.v1.Namespace | undefined;
    /** DNS domain of the cluster. */
    readonly clusterDomain: string;
    /** Storage class of all volumes; undefined for the cluster's default. */
    readonly storageClass: string | undefined;
    /** Where the cluster's own servers are. */
    readonly network: ClusterNetwork;
    readonly images: Images;
    readonly guard: DataLossGuard;
    readonly ownership: OwnershipGuard;
    /** Generation of all generated credentials; a new one makes new ones. */
    readonly credentialsEpoch: number;
    /** Identifier of the pipeline, which every service gets. */
    readonly identifier: string;
    /** Prefix of the names of all buckets; empty except in a store with existing buckets. */
    readonly bucketPrefix: string;
    readonly logLevel: string;
}

/** Host name of a Service as resolvers without search domains need it. */
export function serviceHost(platform: Platform, service: string): string {
    return `${service}.${platform.namespaceName}.svc.${platform.clusterDomain}`;
}
