import * as minio from "@pulumi/minio";
import * as pulumi from "@pulumi/pulumi";
import type { ObjectStoreContent } from "../infrastructure/objectStore/objectStoreResources";
import { BUCKETS } from "../contract";

/** A CSV on this machine that was found to be sound. */
export interface DatasetFile {
    /** Absolute path. */
    readonly path: string;
    /** The file's own name, with which the object's key ends. */
    readonly objectName: string;
    /** SHA-256 of the content, hexadecimal. */
    readonly digest: string;
}

export interface DatasetArgs {
    readonly objectStore: ObjectStoreContent;
    /** What the objects' keys begin with. */
    readonly keyPrefix: string;
    readonly train: DatasetFile;
    /** Held-out rows; the end of the training file is held out when absent. */
    readonly test: DatasetFile | undefined;
}

/** The raw data of the pipeline, uploaded to the bucket `dataset`. */
export class Dataset extends pulumi.ComponentResource {
    public readonly train: DatasetFile;
    public readonly test: DatasetFile | undefined;
    /** Must exist before the data can be read. */
    public readonly objects: readonly minio.S3Object[];

    public constructor(name: string, args: DatasetArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flts:pipeline:Dataset", name, {}, opts);
        this.train = args.train;
        this.test = args.test;
        const bucketName = args.objectStore.bucketName(BUCKETS.dataset);
        const files = args.test === undefined ? [args.train] : [args.train, args.test];
        this.objects = files.map(
            (file) =>
                new minio.S3Object(
                    file.objectName,
                    {
                        bucketName,
                        objectName: `${args.keyPrefix}${file.objectName}`,
                        source: file.path,
                        contentType: "text/csv",
                    },
                    {
                        ...args.objectStore.options,
                        parent: this,
                        // The provider compares paths, not contents.
                        replacementTrigger: file.digest,
                        // Both have the same name, so the old one must not be deleted after the new one was written.
                        deleteBeforeReplace: true,
                    },
                ),
        );
        this.registerOutputs({ train: args.train.objectName });
    }
}
