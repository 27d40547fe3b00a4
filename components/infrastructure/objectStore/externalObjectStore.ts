import * as pulumi from "@pulumi/pulumi";
import { componentOptions } from "../../core/componentOptions";
import type { Access } from "../../access/tunnel";
import { existingSecret } from "../../core/data/credentials";
import type { Platform } from "../../core/platform";
import { ObjectStoreResources, rootOf, type Bucket, type ObjectStoreServer } from "./objectStoreResources";

export interface ExistingObjectStoreArgs {
    readonly platform: Platform;
    readonly server: ObjectStoreServer;
    readonly access: Access;
    readonly buckets: readonly Bucket[];
    readonly createBuckets: boolean;
}

/** An object store that this stack did not make: another stack's, or an external one. See `objectStore.md`. */
export class ExistingObjectStore extends pulumi.ComponentResource {
    /** What this stack has in the store, and the way to it. */
    public readonly content: ObjectStoreResources;

    public constructor(name: string, args: ExistingObjectStoreArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flts:infrastructure:ExistingObjectStore", name, {}, componentOptions(args.platform, opts));
        const { platform, server } = args;
        this.content = new ObjectStoreResources(name, {
            ...args,
            parent: this,
            root: rootOf(existingSecret(platform, server.rootSecretName, { parent: this })),
            requires: [],
            deletedWith: undefined,
        });
        this.registerOutputs({ endpoint: server.endpoint });
    }
}
