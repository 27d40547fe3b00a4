import type { ApiRequest } from "../../components/core/cluster/apiRequests";
import type { Toleration } from "../../components/core/cluster/clusterSettings";
import type { Amounts } from "./demands";
import type { Known } from "./finding";

/** A node, as far as scheduling looks at it. */
export interface NodeFacts {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly taints: readonly Taint[];
    readonly allocatable: Amounts;
    readonly cordoned: boolean;
}

export interface Taint {
    readonly key: string;
    readonly value: string;
    readonly effect: Exclude<Toleration["effect"], undefined>;
}

/** A pod that has not ended. */
export interface PodFacts {
    readonly namespace: string;
    /** Label of the stack that it belongs to; empty for none. */
    readonly instance: string;
    /** Undefined while it waits for one. */
    readonly node: string | undefined;
    readonly priorityClass: string | undefined;
    readonly requests: Amounts;
    readonly limits: Amounts;
}

/** A ResourceQuota. */
export interface QuotaFacts {
    readonly name: string;
    readonly hard: Amounts;
    readonly used: Amounts;
    readonly scopes: readonly string[];
    readonly selector: readonly ScopeTerm[];
}

export interface ScopeTerm {
    readonly scopeName: string;
    readonly operator: string;
    readonly values: readonly string[];
}

/** One entry of a LimitRange. */
export interface LimitFacts {
    readonly name: string;
    readonly type: string;
    readonly min: Amounts;
    readonly max: Amounts;
    readonly ratio: Amounts;
}

/** A class by name, and whether it is the cluster's default. */
export interface ClassFacts {
    readonly name: string;
    readonly isDefault: boolean;
}

/** What is in the stack's namespace, where that existed before. */
export interface NamespaceFacts {
    readonly labels: Readonly<Record<string, string>>;
    readonly quotas: Known<readonly QuotaFacts[]>;
    readonly limits: Known<readonly LimitFacts[]>;
    /** Names of claims. */
    readonly claims: Known<readonly string[]>;
    readonly services: Known<readonly string[]>;
}

/** A Gateway that was there before the stack. */
export interface GatewayFacts {
    readonly listeners: readonly ListenerFacts[];
}

export interface ListenerFacts {
    readonly name: string;
    /** Namespaces whose routes it takes. */
    readonly from: "All" | "Same" | "Selector" | "None";
}

/** A Secret that pods pull images with. */
export interface PullSecretFacts {
    /** Undefined where it does not exist. */
    readonly type: string | undefined;
    /** Logins by registry, as in `.docker/config.json`. */
    readonly logins: Readonly<Record<string, { readonly username: string; readonly password: string }>>;
}

/** Data of a Secret, decoded; undefined where it does not exist. */
export type SecretData = Readonly<Record<string, string>> | undefined;

/** What the registry of the images says. */
export type ImageFacts =
    | { readonly registry: "answers"; readonly absent: readonly string[] }
    /** `user` is undefined where there was no login for it. */
    | { readonly registry: "refused"; readonly user: string | undefined }
    | { readonly registry: "plain" }
    /** Not one at all, as far as can be seen from here. */
    | { readonly registry: "unknown"; readonly reason: string }
    | { readonly registry: "untrusted"; readonly reason: string }
    | { readonly registry: "unreachable"; readonly reason: string };

/** How an external server answers whoever begins TLS. */
export interface EndpointFacts {
    readonly endpoint: Endpoint;
    readonly answer: "tls" | "plain" | { readonly unreachable: string };
}

/** An external server, and whether the settings say that it has TLS. */
export interface Endpoint {
    /** The setting that names it. */
    readonly setting: string;
    readonly value: string;
    readonly host: string;
    readonly port: number;
    /** PostgreSQL begins without TLS and is asked for it. */
    readonly protocol: "tls" | "postgres";
    readonly hasTls: boolean;
    /** What to change where that is wrong. */
    readonly fix: string;
}

/** What a service does with the objects of a bucket; each is asked for without changing any. */
export type StoreAction = "list" | "read" | "write";

/** What an S3 store says to one request. */
export interface StoreAnswer {
    readonly secret: string;
    readonly bucket: string;
    readonly action: StoreAction;
    readonly status: number;
    /** Code of S3's error; undefined without one. */
    readonly code: string | undefined;
    readonly message: string;
    /** Where the store says that the bucket is. */
    readonly region: string | undefined;
    /** The store's clock, as it says. */
    readonly date: string | undefined;
    /** Whether all buckets were listed, as by a store that does not look for the bucket in the host name. */
    readonly listsBuckets: boolean;
}

/** An S3 store whose buckets and keys are given. */
export interface GivenStore {
    /** Settings that name it. */
    readonly setting: "objectStore.external" | "backup.target";
    readonly endpoint: string;
    readonly region: string;
    readonly addressing: "path" | "virtual";
    readonly caSecret: string | undefined;
}

/** What is known of an S3 store whose keys are given. */
export interface StoreFacts {
    readonly store: GivenStore;
    /** Keys of each Secret that the store's clients use; undefined for one that does not exist. */
    readonly secrets: ReadonlyMap<string, Known<readonly string[] | undefined>>;
    readonly server:
        | { readonly server: "answers"; readonly answers: readonly StoreAnswer[] }
        /** With TLS where the settings have none, or the other way. */
        | { readonly server: "otherTransport" }
        | { readonly server: "untrusted"; readonly reason: string }
        | { readonly server: "unreachable"; readonly reason: string };
}

/** What a preflight reads of a cluster. */
export interface ClusterFacts {
    readonly user: string;
    /** Undefined where the namespace does not exist. */
    readonly namespace: Known<NamespaceFacts | undefined>;
    readonly nodes: Known<readonly NodeFacts[]>;
    /** Pods of all namespaces. */
    readonly pods: Known<readonly PodFacts[]>;
    readonly storageClasses: Known<readonly ClassFacts[]>;
    readonly ingressClasses: Known<readonly ClassFacts[]>;
    readonly priorityClasses: Known<readonly ClassFacts[]>;
    /** Versions of API groups that the cluster serves, such as `apps/v1`. */
    readonly groupVersions: Known<readonly string[]>;
    /** The Gateway that routes are attached to; undefined where there is none of that name, or none is asked for. */
    readonly gateway: Known<GatewayFacts | undefined>;
    readonly gatewayClasses: Known<readonly ClassFacts[]>;
    /** What the user may not do, of what was asked. */
    readonly denied: Known<readonly ApiRequest[]>;
    /** By reference, as `cluster.pullSecrets` has them. */
    readonly pullSecrets: ReadonlyMap<string, Known<PullSecretFacts>>;
    /** Secrets with the keys of stores, by name. */
    readonly secrets: ReadonlyMap<string, Known<SecretData>>;
}

/** What a preflight reads of a cluster, and of what it uses. */
export interface Facts extends ClusterFacts {
    /** Undefined where the images come from no registry of the settings. */
    readonly images: ImageFacts | undefined;
    /** S3 stores whose keys are given. */
    readonly stores: readonly StoreFacts[];
    readonly endpoints: readonly EndpointFacts[];
}
