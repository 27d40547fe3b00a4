import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { componentOptions, type ComponentContext } from "../componentOptions";
import { objectLabels } from "../labels";
import type { OwnershipGuard } from "../ownershipGuard";

/** Annotation of the default class, which claims without a class get. */
const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";

/** A storage class, as the cluster has it. */
export interface StorageClass {
    readonly metadata?: {
        readonly name?: string;
        readonly annotations?: Readonly<Record<string, string>>;
        readonly creationTimestamp?: Date;
    };
    readonly provisioner: string;
    readonly parameters?: Readonly<Record<string, string>>;
    readonly volumeBindingMode?: string;
    readonly allowVolumeExpansion?: boolean;
    readonly mountOptions?: readonly string[];
    readonly allowedTopologies?: readonly {
        readonly matchLabelExpressions?: readonly {
            readonly key: string;
            readonly values: readonly string[];
        }[];
    }[];
}

/**
 * The class that volumes would be of: the named one, or the cluster's default, which is the newest if several say so.
 *
 * @throws when there is none.
 */
export function chosenClass(classes: readonly StorageClass[], name: string | undefined): StorageClass {
    const names = classes.map(({ metadata }) => metadata?.name ?? "").sort();
    const known = `it has: ${names.join(", ") || "none"}`;
    if (name !== undefined) {
        const named = classes.find(({ metadata }) => metadata?.name === name);
        if (named === undefined) {
            throw new Error(
                `flts:storageClass = "${name}": the cluster has no such storage class; ${known}.`,
            );
        }
        return named;
    }
    const time = ({ metadata }: StorageClass): number => metadata?.creationTimestamp?.getTime() ?? 0;
    const newest = classes
        .filter(({ metadata }) => metadata?.annotations?.[DEFAULT_CLASS] === "true")
        .sort((a, b) => time(b) - time(a))[0];
    if (newest === undefined) {
        throw new Error(
            "flts:volumes.retain needs a storage class to be like, and the cluster has no default one; " +
                `name one with flts:storageClass (${known}).`,
        );
    }
    return newest;
}

/** A copy of the class `source` whose volumes stay when their claims are deleted. */
export function retainingClass(
    source: StorageClass,
    name: string,
    labels: Readonly<Record<string, string>>,
): kubernetes.storage.v1.StorageClassArgs {
    const { provisioner, parameters, volumeBindingMode, allowVolumeExpansion } = source;
    const { mountOptions, allowedTopologies } = source;
    return {
        metadata: { name, labels: { ...labels } },
        provisioner,
        reclaimPolicy: "Retain",
        ...(parameters === undefined ? {} : { parameters: { ...parameters } }),
        ...(volumeBindingMode === undefined ? {} : { volumeBindingMode }),
        ...(allowVolumeExpansion === undefined ? {} : { allowVolumeExpansion }),
        ...(mountOptions === undefined ? {} : { mountOptions: [...mountOptions] }),
        ...(allowedTopologies === undefined
            ? {}
            : {
                  allowedTopologies: allowedTopologies.map(({ matchLabelExpressions = [] }) => ({
                      matchLabelExpressions: matchLabelExpressions.map(({ key, values }) => ({
                          key,
                          values: [...values],
                      })),
                  })),
              }),
    };
}

export interface RetainedVolumesArgs extends ComponentContext {
    /** Name of the stack. */
    readonly instance: string;
    readonly ownership: OwnershipGuard;
    /** What the class is like. */
    readonly source: StorageClass;
}

/** The storage class of all volumes of a stack that keeps them. */
export class RetainedVolumes extends pulumi.ComponentResource {
    public readonly storageClass: kubernetes.storage.v1.StorageClass;

    /** @param name also the name of the class in the cluster. */
    public constructor(name: string, args: RetainedVolumesArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flts:core:RetainedVolumes", name, {}, componentOptions(args, opts));
        const labels = objectLabels({ instance: args.instance, name: "volumes" });
        this.storageClass = new kubernetes.storage.v1.StorageClass(
            name,
            retainingClass(args.source, name, { ...labels }),
            {
                parent: this,
                ...args.ownership.options,
                // The API server changes none of these in place, and the name is taken as long as the old class is
                // there. Volumes and claims stay as they are: a class is read when a volume is made.
                replaceOnChanges: ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"],
                deleteBeforeReplace: true,
            },
        );
        this.registerOutputs({ name });
    }
}
