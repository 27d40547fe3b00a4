import * as kubernetes from "@pulumi/kubernetes";
import * as minio from "@pulumi/minio";
import * as pulumi from "@pulumi/pulumi";
import { objectStoreProbe } from "../access/protocolProbes";
import { Tunnel, type Access } from "../access/tunnel";
import { existingSecretValue, generatedPassword } from "../core/credentials";
import { fromSecret, plain } from "../core/environment";
import { reachableFromOutside, type Exposure } from "../core/exposure";
import type { Connection } from "../core/links";
import type { Platform } from "../core/platform";
import type { Resources } from "../core/pod";
import { Tier } from "../core/tier";
import { minioChartValues } from "./objectStoreChart";
import { policyDocument, type BucketGrant } from "./objectStorePolicy";

/** Port of the S3 interface. */
export const OBJECT_STORE_PORT = 9000;
/** Port of MinIO's web console. */
const CONSOLE_PORT = 9001;
/** MinIO knows one region and clients must name it: https://min.io/docs/minio/linux/reference/minio-server/settings/core.html */
export const OBJECT_STORE_REGION = "us-east-1";
/** User of generated root credentials. */
const ROOT_USER = "flts-root";

/** Where the official chart comes from. */
export type ChartSource =
    /** An archive on this machine, whose digest was checked. */
    | { readonly archive: string }
    /** A chart repository, such as a mirror. */
    | { readonly repository: string; readonly version: string };

export interface ObjectStoreArgs {
    readonly platform: Platform;
    readonly chart: ChartSource;
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
    readonly buckets: readonly string[];
    /** Seconds the release may take before it is rolled back. */
    readonly timeoutSeconds: number;
}

/** S3-compatible object store: MinIO through its official chart. See `objectStore.md`. */
export class ObjectStore extends Tier {
    /** S3 endpoint inside the cluster. */
    public readonly endpoint: string;
    /** Name of the Secret that holds the root credentials. */
    public readonly rootSecretName: string;
    /** Options of resources that live in the object store. */
    public readonly contentOptions: pulumi.CustomResourceOptions;
    private readonly buckets: ReadonlyMap<string, minio.S3Bucket>;
    private readonly args: ObjectStoreArgs;

    public constructor(name: string, args: ObjectStoreArgs, opts?: pulumi.ComponentResourceOptions) {
        super("infrastructure:ObjectStore", name, args.platform, opts);
        this.args = args;
        this.endpoint = `http://${name}:${OBJECT_STORE_PORT}`;
        this.rootSecretName = args.existingSecret ?? `${name}-root`;
        const root = this.rootCredentials();
        const release = this.release(root.secret);
        const provider = this.provider(release, root);
        this.contentOptions = { provider, deletedWith: args.platform.namespaceResource };
        this.buckets = this.createBuckets();
        this.link([]);
        if (reachableFromOutside(args.console)) {
            this.openToOutside([CONSOLE_PORT]);
        }
        this.registerOutputs({ endpoint: this.endpoint });
    }

    /**
     * Makes a user that may do what the grants say and nothing else, and gives what its service needs to act as it.
     *
     * @param service name of the service; its user is `flts-<service>`, its Secret `<service>-object-store`.
     */
    public connection(service: string, grants: readonly BucketGrant[]): Connection {
        const { platform } = this.args;
        const userName = `flts-${service}`;
        const secretName = `${service}-object-store`;
        const key = generatedPassword(secretName, platform.credentialsEpoch, this.child());
        const options = this.child(this.contentOptions);
        const user = new minio.IamUser(
            service,
            { name: userName, secret: key.result },
            { ...options, additionalSecretOutputs: ["secret"] },
        );
        const policy = new minio.IamPolicy(
            service,
            { name: userName, policy: policyDocument(grants) },
            options,
        );
        const attachment = new minio.IamUserPolicyAttachment(
            service,
            { userName: user.name, policyName: policy.name },
            options,
        );
        const secret = new kubernetes.core.v1.Secret(
            secretName,
            {
                metadata: this.metadata(secretName),
                stringData: { accessKey: userName, secretKey: key.result },
            },
            this.child(),
        );
        return {
            server: this.tierName,
            serverLabels: this.podLabels,
            ports: [OBJECT_STORE_PORT],
            environment: [
                ...plain({ AWS_ENDPOINT_URL_S3: this.endpoint, AWS_DEFAULT_REGION: OBJECT_STORE_REGION }),
                ...fromSecret(secretName, {
                    AWS_ACCESS_KEY_ID: "accessKey",
                    AWS_SECRET_ACCESS_KEY: "secretKey",
                }),
            ],
            requires: [secret, attachment, ...grants.map(({ bucket }) => this.bucket(bucket))],
        };
    }

    /** A bucket of this store. */
    public bucket(name: string): minio.S3Bucket {
        const bucket = this.buckets.get(name);
        if (bucket === undefined) {
            throw new Error(
                `the object store has no bucket "${name}"; it has: ${[...this.buckets.keys()].join(", ")}`,
            );
        }
        return bucket;
    }

    private rootCredentials(): RootCredentials {
        const { platform, existingSecret } = this.args;
        if (existingSecret !== undefined) {
            const secret = kubernetes.core.v1.Secret.get(
                this.rootSecretName,
                pulumi.interpolate`${platform.namespace}/${existingSecret}`,
                this.child(),
            );
            return {
                secret,
                user: existingSecretValue(secret, "rootUser"),
                password: existingSecretValue(secret, "rootPassword"),
            };
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
        return { secret, user: pulumi.output(ROOT_USER), password: password.result };
    }

    private release(rootSecret: kubernetes.core.v1.Secret): kubernetes.helm.v3.Release {
        const { args, tierName: name } = this;
        const { chart, platform } = args;
        return new kubernetes.helm.v3.Release(
            name,
            {
                name,
                namespace: platform.namespace,
                ...("archive" in chart
                    ? { chart: chart.archive }
                    : { chart: "minio", version: chart.version, repositoryOpts: { repo: chart.repository } }),
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
            this.child({ ...platform.guard.options, dependsOn: [rootSecret] }),
        );
    }

    private provider(release: kubernetes.helm.v3.Release, root: RootCredentials): minio.Provider {
        const { platform, access } = this.args;
        const tunnel = new Tunnel(
            this.tierName,
            {
                access,
                setting: "flts:objectStore.access",
                server: "MinIO",
                context: platform.context,
                service: { namespace: platform.namespaceName, name: this.tierName },
                probe: objectStoreProbe,
                requires: [release],
            },
            { parent: this },
        );
        return new minio.Provider(
            this.tierName,
            {
                minioServer: `${tunnel.host}:${tunnel.port}`,
                minioUser: root.user,
                // The provider's schema does not mark it as secret.
                minioPassword: pulumi.secret(tunnel.gate(root.password)),
                minioRegion: OBJECT_STORE_REGION,
                minioSsl: false,
            },
            { parent: this },
        );
    }

    private createBuckets(): ReadonlyMap<string, minio.S3Bucket> {
        const { platform, buckets } = this.args;
        const options = this.child({ ...this.contentOptions, ...platform.guard.options });
        return new Map(
            buckets.map((bucket) => [
                bucket,
                new minio.S3Bucket(bucket, { bucket, acl: "private" }, options),
            ]),
        );
    }
}

interface RootCredentials {
    readonly secret: kubernetes.core.v1.Secret;
    readonly user: pulumi.Output<string>;
    readonly password: pulumi.Output<string>;
}
