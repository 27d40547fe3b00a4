import * as minio from "@pulumi/minio";
import * as pulumi from "@pulumi/pulumi";
import type { ObjectStoreResources } from "../infrastructure/objectStore/objectStoreResources";
import { BUCKETS } from "../contract";

/** Variables by which version 0.1.0 named the dataset's files to preprocess. */
const FORMER_VARIABLES = ["TRAIN_FILE", "TEST_FILE"];

/** The part of a Deployment or Job that is read. */
export interface FormerWorkload {
    readonly spec?: {
        readonly template: {
            readonly spec?: {
                readonly containers: readonly {
                    readonly env?: readonly { readonly name: string; readonly value?: string }[];
                }[];
            };
        };
    };
}

/**
 * Files of the dataset that version 0.1.0 kept in the stack's state, as preprocess' workloads name them; none where
 * they are of a newer version.
 */
export function formerFiles(workloads: readonly FormerWorkload[]): string[] {
    const named = workloads
        .flatMap(({ spec }) => spec?.template.spec?.containers ?? [])
        .flatMap(({ env }) => env ?? [])
        .filter(({ name }) => FORMER_VARIABLES.includes(name))
        .flatMap(({ value }) => (value ? [value] : []));
    return [...new Set(named)].sort();
}

export interface FormerDatasetArgs {
    readonly objectStore: ObjectStoreResources;
    /** What the objects' keys begin with. */
    readonly keyPrefix: string;
    /** Names of the files. */
    readonly files: readonly string[];
}

/**
 * The dataset of a stack of version 0.1.0, in the one update that takes it out of the stack.
 *
 * The engine deletes what a program does not declare any more, unless the state says to retain it, and 0.1.0's does
 * not. Declared once more, unchanged and with `retainOnDelete`, the objects leave the state in the update after this
 * one and stay in the bucket.
 */
export class FormerDataset extends pulumi.ComponentResource {
    public readonly objects: readonly minio.S3Object[];

    /** @param name what 0.1.0 called its component, since names are part of what the engine knows a resource by. */
    public constructor(name: string, args: FormerDatasetArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flts:pipeline:Dataset", name, {}, opts);
        this.objects = args.files.map(
            (file) =>
                new minio.S3Object(
                    file,
                    {
                        bucketName: args.objectStore.bucketName(BUCKETS.dataset),
                        objectName: `${args.keyPrefix}${file}`,
                        // The state has the path. The file is not read, because changes are ignored.
                        source: file,
                    },
                    {
                        ...args.objectStore.options,
                        parent: this,
                        ignoreChanges: ["*"],
                        retainOnDelete: true,
                    },
                ),
        );
        this.registerOutputs({ files: [...args.files] });
    }
}
