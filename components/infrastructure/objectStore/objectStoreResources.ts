import type * as kubernetes from "@pulumi/kubernetes";
import * as minio from "@pulumi/minio";
import * as pulumi from "@pulumi/pulumi";
import { MinioClient, OBJECT_STORE_REGION } from "../../access/minioClient";
import { objectStoreProbe } from "../../access/protocolProbes";
import { Tunnel, type Access } from "../../access/tunnel";
import { existingSecretValue, generatedLogin } from "../../core/data/credentials";
import { ownedName } from "../../core/data/ownedName";
import { TakeoverGuard } from "../../core/data/takeoverGuard";
import { fromSecret, plain } from "../../core/pod/environment";
import type { Connection, Server } from "../../core/links";
import type { Platform } from "../../core/platform";
import { policyDocument, type BucketGrant } from "./objectStorePolicy";

const BUCKET = "minio:index/s3Bucket:S3Bucket";
const USER = "minio:index/iamUser:IamUser";
const POLICY = "minio:index/iamPolicy:IamPolicy";

/** A running object store. Plain data, so that one stack can pass it to another. */
export interface ObjectStoreServer extends Server {
    /** S3 endpoint as pods reach it, such as `http://minio:9000`. */
    readonly endpoint: string;
    /** Secret of the namespace with the keys `rootUser` and `rootPassword`. */
    readonly rootSecretName: string;
}

export interface Bucket {
    readonly name: string;
    /** Days after which its objects are deleted; kept forever when absent. */
    readonly expirationDays?: number;
}

/** Who may make users and buckets. */
export interface RootCredentials {
    readonly user: pulumi.Input<string>;
    readonly password: pulumi.Input<string>;
}

/** The root credentials that an existing Secret holds. */
export function rootOf(secret: kubernetes.core.v1.Secret): RootCredentials {
    return {
        user: existingSecretValue(secret, "rootUser"),
        password: existingSecretValue(secret, "rootPassword"),
    };
}

export interface ObjectStoreResourcesArgs {
    readonly platform: Platform;
    /** Component that the resources belong to. */
    readonly parent: pulumi.Resource;
    readonly server: ObjectStoreServer;
    readonly root: RootCredentials;
    /** How the provider on this machine reaches the server. */
    readonly access: Access;
    /** Must exist before the server can answer; empty for one that this stack did not make. */
    readonly requires: readonly pulumi.Resource[];
    /** Takes the content with it when it is deleted; undefined for a server that outlives this stack. */
    readonly deletedWith: pulumi.Resource | undefined;
    readonly buckets: readonly Bucket[];
    /** Whether the buckets are made here; none is public. Otherwise they exist already. */
    readonly createBuckets: boolean;
}

/** Buckets, users and policies in an object store, whoever runs it. */
export class ObjectStoreResources {
    public readonly server: ObjectStoreServer;
    public readonly own = this;
    /** Options of resources that live in the object store. */
    public readonly options: pulumi.CustomResourceOptions;
    private readonly buckets: ReadonlyMap<string, minio.S3Bucket | undefined>;
    private readonly takeover: TakeoverGuard;

    /** @param name of the provider, and of what the content's Secrets are labelled with. */
    public constructor(
        private readonly name: string,
        private readonly args: ObjectStoreResourcesArgs,
    ) {
        this.server = args.server;
        const tunnel = this.tunnel();
        this.takeover = new TakeoverGuard(name, {
            server: "MinIO",
            exists: (type, inputs) => this.exists(tunnel, type, inputs),
            advice: {
                [BUCKET]:
                    "set flts:objectStore.external.createBuckets to false and give this stack an flts:identifier " +
                    "of its own, which keeps their objects apart",
                [USER]: "give this stack an flts:identifier of its own",
                [POLICY]: "give this stack an flts:identifier of its own",
            },
        });
        this.options = {
            provider: this.provider(tunnel),
            ...(args.deletedWith === undefined ? {} : { deletedWith: args.deletedWith }),
        };
        this.buckets = new Map(
            args.buckets.map((bucket) => [
                bucket.name,
                args.createBuckets ? this.createBucket(bucket) : undefined,
            ]),
        );
    }

    /**
     * Makes a user that may do what the grants say and nothing else, and gives what its service needs to act as it.
     *
     * @param service name of the service, which its user's name ends with; its Secret is `<service>-object-store`.
     */
    public connection(service: string, grants: readonly BucketGrant[]): Connection {
        const secretName = `${service}-object-store`;
        const requires = this.user(service, secretName, grants);
        const { server, serverLabels, ports, endpoint } = this.server;
        return {
            server,
            serverLabels,
            ports,
            environment: [
                ...plain({ AWS_ENDPOINT_URL_S3: endpoint, AWS_DEFAULT_REGION: OBJECT_STORE_REGION }),
                ...fromSecret(secretName, {
                    AWS_ACCESS_KEY_ID: "accessKey",
                    AWS_SECRET_ACCESS_KEY: "secretKey",
                }),
            ],
            requires: [...requires, ...grants.flatMap(({ bucket }) => this.bucket(bucket) ?? [])],
        };
    }

    /**
     * Makes a user for people and their programs outside of the cluster, with a Secret that holds all that they need:
     * the user's keys, the endpoint as pods reach it, the region, and what is given besides.
     *
     * @param service name of what signs in, which the user's name ends with.
     */
    public login(
        service: string,
        secretName: string,
        grants: readonly BucketGrant[],
        besides: Readonly<Record<string, string>>,
    ): void {
        this.user(service, secretName, grants, {
            endpoint: this.server.endpoint,
            region: OBJECT_STORE_REGION,
            ...besides,
        });
    }

    /** A user with a policy of its own, and a Secret with its keys `accessKey` and `secretKey`. */
    private user(
        service: string,
        secretName: string,
        grants: readonly BucketGrant[],
        besides: Readonly<Record<string, string>> = {},
    ): pulumi.Resource[] {
        const { platform, parent } = this.args;
        const userName = ownedName(platform, service);
        const { password, secret } = generatedLogin(secretName, this.name, platform, parent, (secretKey) => ({
            accessKey: userName,
            secretKey,
            ...besides,
        }));
        const options = { ...this.options, parent };
        const user = new minio.IamUser(
            service,
            { name: userName, secret: password },
            { ...options, hooks: this.takeover.hooks(), additionalSecretOutputs: ["secret"] },
        );
        const policy = new minio.IamPolicy(
            service,
            { name: userName, policy: policyDocument(grants) },
            { ...options, hooks: this.takeover.hooks() },
        );
        const attachment = new minio.IamUserPolicyAttachment(
            service,
            { userName: user.name, policyName: policy.name },
            options,
        );
        return [secret, attachment];
    }

    /** Name of a bucket, once the bucket exists. */
    public bucketName(name: string): pulumi.Input<string> {
        return this.bucket(name)?.bucket ?? name;
    }

    /** A bucket of this store; undefined for an external one. */
    private bucket(name: string): minio.S3Bucket | undefined {
        if (!this.buckets.has(name)) {
            throw new Error(
                `the object store has no bucket "${name}"; it has: ${[...this.buckets.keys()].join(", ")}`,
            );
        }
        return this.buckets.get(name);
    }

    private createBucket({ name, expirationDays }: Bucket): minio.S3Bucket {
        const { platform, parent, deletedWith } = this.args;
        const guard = platform.guard.options;
        // A server that outlives this stack has objects in its buckets, perhaps those of other stacks: a bucket is not
        // deleted there, as little as a topic is, and what expires in it still does.
        const options = { ...this.options, parent, retainOnDelete: deletedWith === undefined };
        const bucket = new minio.S3Bucket(
            name,
            { bucket: name, acl: "private" },
            { ...options, ...guard, hooks: this.takeover.hooks(guard) },
        );
        if (expirationDays !== undefined) {
            new minio.IlmPolicy(
                name,
                {
                    bucket: bucket.bucket,
                    rules: [{ id: "expiration", expiration: `${expirationDays}d` }],
                },
                options,
            );
        }
        return bucket;
    }

    /** Address as pods reach it. */
    public get endpoint(): string {
        return this.server.endpoint;
    }

    /** Whether the server has what is about to be created. */
    private exists(
        tunnel: Tunnel,
        type: string,
        { bucket, name }: Readonly<Record<string, unknown>>,
    ): Promise<boolean> {
        return tunnel.ask(async (host, port, login) => {
            const client = new MinioClient({ host, port, secure: this.secure }, login);
            switch (type) {
                case BUCKET:
                    return (await client.buckets()).includes(String(bucket));
                case POLICY:
                    return (await client.policy(String(name))) !== undefined;
                default:
                    return (await client.user(String(name))) !== undefined;
            }
        });
    }

    private get secure(): boolean {
        return new URL(this.server.endpoint).protocol === "https:";
    }

    private tunnel(): Tunnel {
        const { platform, parent, server, root, access, requires } = this.args;
        return new Tunnel(
            this.name,
            {
                access,
                setting: "flts:objectStore.access",
                server: "MinIO",
                platform,
                host: new URL(server.endpoint).hostname,
                probe: objectStoreProbe(this.secure),
                user: root.user,
                passwordFrom: `the root credentials in the Secret ${server.rootSecretName}`,
                requires,
            },
            { parent },
        );
    }

    private provider(tunnel: Tunnel): minio.Provider {
        const { parent, root } = this.args;
        return new minio.Provider(
            this.name,
            {
                minioServer: `${tunnel.host}:${tunnel.port}`,
                minioUser: root.user,
                // The provider's schema does not mark it as secret.
                minioPassword: pulumi.secret(tunnel.gate(root.password)),
                minioRegion: OBJECT_STORE_REGION,
                minioSsl: this.secure,
            },
            { parent },
        );
    }
}
