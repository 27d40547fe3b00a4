import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Access } from "../../access/tunnel";
import { existingSecret, generatedPassword } from "../../core/data/credentials";
import { reachableFromOutside, type Exposure } from "../../core/network/exposure";
import type { Connection } from "../../core/links";
import type { Platform } from "../../core/platform";
import type { Resources } from "../../core/pod/pod";
import { Tier } from "../../core/tier";
import { minioChartValues } from "./objectStoreChart";
import { ObjectStoreContent, rootOf, type Bucket, type RootCredentials } from "./objectStoreResources";

/** Port of the S3 interface. */
export const OBJECT_STORE_PORT = 9000;
/** Where MinIO tells of the whole store, and of each bucket. */
export const OBJECT_STORE_METRICS = ["/minio/v2/metrics/cluster", "/minio/v2/metrics/bucket"];
/** Port of MinIO's web console. */
export const OBJECT_STORE_CONSOLE_PORT = 9001;
/** User of generated root credentials. */
const ROOT_USER = "flts-root";

export interface ObjectStoreArgs {
    readonly platform: Platform;
    /** Archive of the official chart on this machine, whose digest was checked. */
    readonly chart: string;
    readonly mode: "standalone" | "distributed";
    readonly replicas: number;
    readonly drivesPerNode: number;
    readonly storage: string;
    readonly resources: Resources;
    readonly console: Exposure;
    /** Secret with the keys `rootUser` and `rootPassword` to use instead of a generated one. */
    readonly existingSecret: string | undefined;
    readonly access: Access;
    /** Buckets to create; none is public. */
    readonly buckets: readonly Bucket[];
    /** Seconds the release may take before it is rolled back. */
    readonly timeoutSeconds: number;
}

/** S3-compatible object store: MinIO through its official chart. See `objectStore.md`. */
export class ObjectStore extends Tier {
    /** What is in the store, and the way to it. */
    public readonly content: ObjectStoreContent;
    private readonly rootSecretName: string;
    private readonly args: ObjectStoreArgs;

    public constructor(name: string, args: ObjectStoreArgs, opts?: pulumi.ComponentResourceOptions) {
        super("infrastructure:ObjectStore", name, args.platform, opts);
        this.args = args;
        const { platform, access, buckets } = args;
        const endpoint = `http://${name}:${OBJECT_STORE_PORT}`;
        this.rootSecretName = args.existingSecret ?? `${name}-root`;
        const root = this.rootCredentials();
        const release = this.release(root.secret);
        this.content = new ObjectStoreContent(name, {
            platform,
            parent: this,
            server: {
                server: name,
                serverLabels: this.podLabels,
                ports: [OBJECT_STORE_PORT],
                endpoint,
                rootSecretName: this.rootSecretName,
            },
            root,
            access,
            requires: [release],
            deletedWith: platform.namespaceResource,
            buckets,
            createBuckets: true,
        });
        this.link(args.mode === "distributed" ? [this.peers()] : []);
        if (reachableFromOutside(args.console)) {
            this.openToOutside([OBJECT_STORE_CONSOLE_PORT]);
        }
        this.registerOutputs({ endpoint });
    }

    /** Servers of a distributed store, each of which asks all others for their parts of an object. */
    private peers(): Connection {
        return this.connectionAt(OBJECT_STORE_PORT, []);
    }

    private rootCredentials(): RootCredentials & { readonly secret: kubernetes.core.v1.Secret } {
        const { platform } = this.args;
        if (this.args.existingSecret !== undefined) {
            const secret = existingSecret(platform, this.args.existingSecret, this.child());
            return { secret, ...rootOf(secret) };
        }
        const password = generatedPassword(this.rootSecretName, platform.credentialsEpoch, this.child());
        const secret = new kubernetes.core.v1.Secret(
            this.rootSecretName,
            {
                metadata: this.metadata(this.rootSecretName),
                stringData: { rootUser: ROOT_USER, rootPassword: password.result },
            },
            this.child(),
        );
        return { secret, user: ROOT_USER, password: password.result };
    }

    private release(rootSecret: kubernetes.core.v1.Secret): kubernetes.helm.v3.Release {
        const { args, tierName: name } = this;
        const { platform } = args;
        return new kubernetes.helm.v3.Release(
            name,
            {
                name,
                namespace: platform.namespace,
                chart: args.chart,
                atomic: true,
                cleanupOnFail: true,
                timeout: args.timeoutSeconds,
                // Without it the provider drops the empty list of users and the chart's administrator comes back.
                allowNullValues: true,
                values: minioChartValues({
                    name,
                    images: platform.images,
                    rootSecret: this.rootSecretName,
                    mode: args.mode,
                    replicas: args.replicas,
                    drivesPerNode: args.drivesPerNode,
                    storage: args.storage,
                    storageClass: platform.storageClass,
                    resources: args.resources,
                    console: args.console,
                    podLabels: this.podLabels,
                    credentialsEpoch: platform.credentialsEpoch,
                }),
            },
            this.child({ ...platform.guard.releaseOptions, dependsOn: [rootSecret] }),
        );
    }
}
