import type * as kubernetes from "@pulumi/kubernetes";
import * as minio from "@pulumi/minio";
import * as pulumi from "@pulumi/pulumi";
import { objectStoreProbe } from "../../access/protocolProbes";
import { serviceOf } from "../../access/service";
import { Tunnel, type Access } from "../../access/tunnel";
import { existingSecretValue, generatedLogin } from "../../core/data/credentials";
import { fromSecret, plain } from "../../core/pod/environment";
import type { Connection, Server } from "../../core/links";
import type { Platform } from "../../core/platform";
import { policyDocument, type BucketGrant } from "./objectStorePolicy";

/** MinIO knows one region and clients must name it: https://min.io/docs/minio/linux/reference/minio-server/settings/core.html */
const OBJECT_STORE_REGION = "us-east-1";

/** A running object store. Plain data, so that one stack can tell it another. */
export interface ObjectStoreServer extends Server {
    /** S3 endpoint as pods reach it, such as `http://minio:9000`. */
    readonly endpoint: string;
    /** Secret of the namespace with the keys `rootUser` and `rootPassword`. */
    readonly rootSecretName: string;
}

/** Who may make users and buckets. */
export interface RootCredentials {
    readonly user: pulumi.Input<string>;
    readonly password: pulumi.Input<string>;
}

/** The root credentials that a Secret of somebody else's holds. */
export function rootOf(secret: kubernetes.core.v1.Secret): RootCredentials {
    return {
        user: existingSecretValue(secret, "rootUser"),
        password: existingSecretValue(secret, "rootPassword"),
    };
}

export interface ObjectStoreContentArgs {
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
    /** Names of the buckets. */
    readonly buckets: readonly string[];
    /** Whether the buckets are made here; none is public. Otherwise somebody else made them. */
    readonly createBuckets: boolean;
}

/** Buckets, users and policies in an object store, whoever runs it. */
export class ObjectStoreContent {
    public readonly server: ObjectStoreServer;
    /** Options of resources that live in the object store. */
    public readonly options: pulumi.CustomResourceOptions;
    private readonly buckets: ReadonlyMap<string, minio.S3Bucket | undefined>;

    /** @param name of the provider, and of what the content's Secrets are labelled with. */
    public constructor(
        private readonly name: string,
        private readonly args: ObjectStoreContentArgs,
    ) {
        this.server = args.server;
        this.options = {
            provider: this.provider(),
            ...(args.deletedWith === undefined ? {} : { deletedWith: args.deletedWith }),
        };
        this.buckets = new Map(
            args.buckets.map((bucket) => [
                bucket,
                args.createBuckets ? this.createBucket(bucket) : undefined,
            ]),
        );
    }

    /**
     * Makes a user that may do what the grants say and nothing else, and gives what its service needs to act as it.
     *
     * @param service name of the service; its user is `flts-<service>`, its Secret `<service>-object-store`.
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
     * @param service name of the user; it is `flts-<service>`.
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
        const userName = `flts-${service}`;
        const { password, secret } = generatedLogin(secretName, this.name, platform, parent, (secretKey) => ({
            accessKey: userName,
            secretKey,
            ...besides,
        }));
        const options = { ...this.options, parent };
        const user = new minio.IamUser(
            service,
            { name: userName, secret: password },
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
        return [secret, attachment];
    }

    /** Name of a bucket, once the bucket exists. */
    public bucketName(name: string): pulumi.Input<string> {
        return this.bucket(name)?.bucket ?? name;
    }

    /** A bucket of this store; undefined when somebody else made it. */
    private bucket(name: string): minio.S3Bucket | undefined {
        if (!this.buckets.has(name)) {
            throw new Error(
                `the object store has no bucket "${name}"; it has: ${[...this.buckets.keys()].join(", ")}`,
            );
        }
        return this.buckets.get(name);
    }

    private createBucket(bucket: string): minio.S3Bucket {
        const { platform, parent } = this.args;
        return new minio.S3Bucket(
            bucket,
            { bucket, acl: "private" },
            { ...this.options, ...platform.guard.options, parent },
        );
    }

    private provider(): minio.Provider {
        const { platform, parent, server, root, access, requires } = this.args;
        const { hostname, protocol } = new URL(server.endpoint);
        const secure = protocol === "https:";
        const tunnel = new Tunnel(
            this.name,
            {
                access,
                setting: "flts:objectStore.access",
                server: "MinIO",
                context: platform.context,
                service: serviceOf(hostname, platform.namespaceName) ?? {
                    namespace: platform.namespaceName,
                    name: hostname,
                },
                probe: objectStoreProbe(secure),
                requires,
            },
            { parent },
        );
        return new minio.Provider(
            this.name,
            {
                minioServer: `${tunnel.host}:${tunnel.port}`,
                minioUser: root.user,
                // The provider's schema does not mark it as secret.
                minioPassword: pulumi.secret(tunnel.gate(root.password)),
                minioRegion: OBJECT_STORE_REGION,
                minioSsl: secure,
            },
            { parent },
        );
    }
}
