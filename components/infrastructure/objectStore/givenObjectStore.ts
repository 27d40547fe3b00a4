import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { componentOptions } from "../../core/componentOptions";
import { existingSecret, existingSecretValue } from "../../core/data/credentials";
import { objectLabels } from "../../core/labels";
import { OUTSIDE, portOf, type Connection } from "../../core/links";
import type { Platform } from "../../core/platform";
import { fromSecret, plain } from "../../core/pod/environment";
import { fileFromSecret } from "../../core/pod/secretFiles";
import type { ObjectStoreClients } from "./objectStoreClients";

/** An S3 store with buckets and keys that exist already. */
export interface GivenStore {
    /** S3 endpoint as pods reach it. */
    readonly endpoint: string;
    readonly region: string;
    /** Whether buckets are in the path of an address, or in its host name. */
    readonly addressing: "path" | "virtual";
    /** Secret with `ca.crt`, the authorities that sign its certificate; undefined: those that images trust. */
    readonly caSecret: string | undefined;
    /** Secret with `accessKey` and `secretKey` for all; undefined where each service has `<service>-object-store`. */
    readonly sharedSecret: string | undefined;
}

export interface GivenObjectStoreArgs {
    readonly platform: Platform;
    readonly store: GivenStore;
}

/** Any S3 store: nothing is made in it, and it is not asked for anything but objects. See `objectStore.md`. */
export class GivenObjectStore extends pulumi.ComponentResource implements ObjectStoreClients {
    public readonly own = undefined;
    public readonly endpoint: string;

    public constructor(
        private readonly name: string,
        private readonly args: GivenObjectStoreArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("flts:infrastructure:GivenObjectStore", name, {}, componentOptions(args.platform, opts));
        this.endpoint = args.store.endpoint;
        this.registerOutputs({ endpoint: this.endpoint });
    }

    public connection(service: string): Connection {
        return givenConnection(this.args.store, service);
    }

    /** A Secret with all that people need for an upload, the given keys among it. */
    public login(
        service: string,
        secretName: string,
        _grants: unknown,
        besides: Readonly<Record<string, string>>,
    ): void {
        const { platform, store } = this.args;
        const keys = existingSecret(platform, givenSecret(store, service), { parent: this });
        const authority =
            store.caSecret === undefined
                ? undefined
                : existingSecret(platform, store.caSecret, { parent: this });
        new kubernetes.core.v1.Secret(
            secretName,
            {
                metadata: {
                    name: secretName,
                    namespace: platform.namespace,
                    labels: { ...objectLabels({ instance: platform.instance, name: this.name }) },
                },
                stringData: {
                    accessKey: existingSecretValue(keys, "accessKey"),
                    secretKey: pulumi.secret(existingSecretValue(keys, "secretKey")),
                    endpoint: store.endpoint,
                    region: store.region,
                    addressing: store.addressing,
                    ...(authority && { "ca.crt": existingSecretValue(authority, "ca.crt") }),
                    ...besides,
                },
            },
            { ...platform.ownership.options, parent: this },
        );
    }
}

/** What a service gets: the given keys. */
export function givenConnection(store: GivenStore, service: string): Connection {
    const { endpoint, region, addressing, caSecret } = store;
    return {
        server: OUTSIDE,
        ports: [portOf(endpoint)],
        environment: [
            ...plain({
                AWS_ENDPOINT_URL_S3: endpoint,
                AWS_DEFAULT_REGION: region,
                // The first is our services', the second MLflow's: the AWS libraries have no variable for it.
                AWS_S3_ADDRESSING_STYLE: addressing,
                MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE: addressing,
            }),
            ...fromSecret(givenSecret(store, service), {
                AWS_ACCESS_KEY_ID: "accessKey",
                AWS_SECRET_ACCESS_KEY: "secretKey",
            }),
            ...(caSecret === undefined ? [] : fileFromSecret(caSecret, { AWS_CA_BUNDLE: "ca.crt" })),
        ],
        requires: [],
    };
}

/** Secret with the keys of a service. */
export function givenSecret({ sharedSecret }: Pick<GivenStore, "sharedSecret">, service: string): string {
    return sharedSecret ?? `${service}-object-store`;
}
