import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Access } from "../../access/tunnel";
import { givenOrGeneratedLogin, type LoginSecret } from "../../core/data/credentials";
import { reachableFromOutside, type Exposure } from "../../core/network/exposure";
import type { Connection } from "../../core/links";
import type { Platform } from "../../core/platform";
import type { Resources } from "../../core/pod/pod";
import { Tier } from "../../core/tier";
import { minioChartValues } from "./objectStoreChart";
import { ObjectStoreResources, type Bucket } from "./objectStoreResources";

/** Port of the S3 interface. */
export const OBJECT_STORE_PORT = 9000;
/** Where MinIO has metrics of the whole store, and of each bucket. */
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
    public readonly content: ObjectStoreResources;
    private readonly args: ObjectStoreArgs;

    public constructor(name: string, args: ObjectStoreArgs, opts?: pulumi.ComponentResourceOptions) {
        super("infrastructure:ObjectStore", name, args.platform, opts);
        this.args = args;
        const { platform, access, buckets } = args;
        const endpoint = `http://${name}:${OBJECT_STORE_PORT}`;
        const root = givenOrGeneratedLogin(
            args.existingSecret,
            `${name}-root`,
            name,
            platform,
            this,
            (password) => ({ rootUser: ROOT_USER, rootPassword: password }),
        );
        const release = this.release(root);
        this.content = new ObjectStoreResources(name, {
            platform,
            parent: this,
            server: {
                server: name,
                serverLabels: this.podLabels,
                ports: [OBJECT_STORE_PORT],
                endpoint,
                rootSecretName: root.name,
            },
            root: { user: root.value("rootUser"), password: root.value("rootPassword") },
            access,
            requires: [release],
            // A namespace that stays takes nothing along; the server does, with its volume.
            deletedWith: platform.namespaceResource ?? release,
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

    private release(root: LoginSecret<"rootUser" | "rootPassword">): kubernetes.helm.v3.Release {
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
                    rootSecret: root.name,
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
            this.child({ ...platform.guard.releaseOptions, dependsOn: [root.secret] }),
        );
    }
}
