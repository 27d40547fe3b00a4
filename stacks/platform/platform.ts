import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ApiRequests } from "../../components/core/cluster/apiRequests";
import { ClusterTransformation } from "../../components/core/cluster/transformation";
import { DataLossGuard } from "../../components/core/data/dataLossGuard";
import { Images } from "../../components/core/pod/images";
import { lockedDigests } from "../../components/core/pod/lockedImages";
import { imageTags } from "../../components/core/pod/imageTags";
import {
    ExistingNamespace,
    Namespace,
    type NamespaceArgs,
    type UsableNamespace,
} from "../../components/core/namespace";
import type { ClusterNetwork } from "../../components/core/network/clusterNetwork";
import { OwnershipGuard, type ExistingLabels } from "../../components/core/ownershipGuard";
import type { Platform } from "../../components/core/platform";
import { RetainedVolumes, type StorageClass } from "../../components/core/data/retainingClass";
import { retainingClassName } from "../../components/core/data/volumeClaim";
import type { Settings } from "../settings/parsed/settings";
import { clusterSettings, HTTP_SERVICES } from "./clusterSettings";
import { declaredStorageClass } from "./declaredData";

/**
 * The cluster context, which must be named: whatever context happens to be current is never used.
 *
 * The kubeconfig file itself comes from `KUBECONFIG` or the user's home, so that no path of a machine stands in a
 * stack's settings.
 */
export function requiredContext(stack: string): string {
    const context = new pulumi.Config("kubernetes").get("context");
    if (context === undefined || context === "") {
        throw new Error(
            `kubernetes:context is not set for stack ${stack}. Name the cluster to deploy to: ` +
                `\`pulumi config set --stack ${stack} kubernetes:context <name>\`; ` +
                "`kubectl config get-contexts` lists the names.",
        );
    }
    return context;
}

/** What was found out before anything is declared. */
export interface Preparation {
    /** What the retaining storage class is like; undefined where the stack makes none. */
    readonly source: StorageClass | undefined;
    /** Where the cluster's own servers are. */
    readonly network: ClusterNetwork;
    /** What distinguishes the cluster from others; undefined where it cannot be read. */
    readonly clusterIdentity: string | undefined;
    /** Looks up what the cluster already has. */
    readonly existing: ExistingLabels;
    /** Names of objects with data that this run may delete. */
    readonly allowed: readonly string[];
    /** Fulfilled when the preflight has passed. */
    readonly passed: Promise<void>;
}

/** The cluster, the namespace and the list of images that all layers share. */
export function createPlatform(
    settings: Settings,
    stack: string,
    context: string,
    { source, network, clusterIdentity, existing, allowed, passed }: Preparation,
): Platform {
    const gate: Promise<pulumi.Resource[]> = passed.then(() => []);
    const provider = new kubernetes.Provider(
        "kubernetes",
        {
            context,
            // Changed in place: a replacement would take a Secret away under the pods that are to mount it. Pods are
            // rolled by annotations (a checksum, the credentials' epoch).
            enableSecretMutable: true,
            enableConfigMapMutable: true,
        },
        // Every component has this provider, and children wait for their components: nothing is registered before it.
        { dependsOn: gate },
    );
    const guard = new DataLossGuard(allowed);
    const ownership = new OwnershipGuard(stack, existing);
    const cluster = new ClusterTransformation(
        clusterSettings(settings, stack),
        settings.overrides,
        HTTP_SERVICES,
    );
    const { transformations, pullSecrets } = cluster;
    const retaining = retainingClassName(settings.namespace.name);
    const classes =
        source === undefined
            ? []
            : [
                  new RetainedVolumes(retaining, {
                      provider,
                      transformations,
                      instance: stack,
                      ownership,
                      source,
                  }).storageClass,
              ];
    const namespace = usableNamespace(settings, {
        provider,
        transformations,
        pullSecrets,
        instance: stack,
        dns: network.dns,
        ownership,
        guard,
        requires: classes,
    });
    return {
        instance: stack,
        qualifiedName: [pulumi.getOrganization(), pulumi.getProject(), stack].join("/"),
        clusterIdentity,
        provider,
        transformations,
        cluster,
        requests: new ApiRequests(),
        context,
        namespaceName: settings.namespace.name,
        namespace: namespace.ready,
        namespaceResource: namespace.resource,
        clusterDomain: settings.clusterDomain,
        network,
        storageClass: declaredStorageClass(settings),
        images: usedImages(settings),
        guard,
        ownership,
        credentialsEpoch: settings.credentials.epoch,
        identifier: settings.identifier,
        bucketPrefix: bucketPrefixOf(settings),
        logLevel: settings.logLevel,
    };
}

function bucketPrefixOf({ infrastructure }: Settings): string {
    return infrastructure.from === "deploy" && infrastructure.objectStore.from === "given"
        ? infrastructure.objectStore.bucketPrefix
        : "";
}

/** Images by tag; by digest where they come from a registry and `images.lock.json` says which. */
function usedImages({ imageRegistry }: Settings): Images {
    const tags = imageTags();
    return imageRegistry === undefined
        ? new Images({ registry: undefined, tags })
        : new Images({ registry: imageRegistry, tags, digests: lockedDigests(undefined, tags) });
}

/** The namespace of the tiers: created here, there before, or that of the stack whose infrastructure is used. */
function usableNamespace(
    { namespace: { name, create }, layers }: Settings,
    args: NamespaceArgs,
): UsableNamespace {
    if (!create) {
        return new ExistingNamespace(name, args);
    }
    return layers.includes("infrastructure")
        ? new Namespace(name, args)
        : { ready: pulumi.output(name), resource: undefined };
}
