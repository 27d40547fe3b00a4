import { randomUUID } from "node:crypto";
import {
    BUCKETS,
    datasetPrefix,
    EVALUATOR_NAME,
    LOG_COMPACTION_NAME,
    OBJECT_STORE_GRANTS,
} from "../../components/contract";
import { givenSecret } from "../../components/infrastructure/objectStore/givenObjectStore";
import type {
    BucketAccess,
    BucketGrant,
} from "../../components/infrastructure/objectStore/objectStorePolicy";
import type { Settings } from "../settings/parsed/settings";
import type { GivenStore, StoreAction } from "./facts";

/** A request that shows whether the keys of a Secret permit something, and changes nothing. */
export interface StoreQuestion {
    readonly secret: string;
    readonly bucket: string;
    readonly action: StoreAction;
    readonly method: "GET" | "DELETE";
    /** Object's key; empty for the bucket itself. */
    readonly key: string;
    readonly query: Readonly<Record<string, string>>;
}

const ACTIONS: Readonly<Record<BucketAccess, readonly StoreAction[]>> = {
    read: ["list", "read"],
    write: ["list", "write"],
    readWrite: ["list", "read", "write"],
    upload: ["list", "read", "write"],
};

/** A store, and everything that the stack does in it, each asked once for each Secret. */
export interface AskedStore {
    readonly store: GivenStore;
    readonly questions: readonly StoreQuestion[];
}

/** The S3 stores in which the stack uses buckets and keys that are given. */
export function givenStores(settings: Settings): readonly AskedStore[] {
    const { infrastructure } = settings;
    if (infrastructure.from !== "deploy") {
        return [];
    }
    const { objectStore, backup } = infrastructure;
    const given = objectStore.from === "given" ? objectStore : undefined;
    const target = backup.enabled && backup.place.from === "bucket" ? backup.place : undefined;
    // The pods of backups have one authority and one addressing for both stores.
    const { addressing = "path", caSecret } = given ?? {};
    return [
        ...(given === undefined
            ? []
            : [
                  {
                      store: {
                          setting: "objectStore.external" as const,
                          endpoint: given.endpoint,
                          region: given.region,
                          addressing,
                          caSecret,
                      },
                      questions: questionsOf(given, settings),
                  },
              ]),
        ...(target === undefined
            ? []
            : [
                  {
                      store: {
                          setting: "backup.target" as const,
                          endpoint: target.endpoint,
                          region: target.region,
                          addressing,
                          caSecret,
                      },
                      questions: ACTIONS.readWrite.map((action) => ({
                          secret: target.secretName,
                          bucket: target.bucket,
                          action,
                          ...request(action, "", nothing()),
                      })),
                  },
              ]),
    ];
}

/** Names of all Secrets that the questions are asked with. */
export function secretsOf(stores: readonly AskedStore[]): readonly string[] {
    const names = stores.flatMap(({ store, questions }) => [
        ...(store.caSecret === undefined ? [] : [store.caSecret]),
        ...questions.map(({ secret }) => secret),
    ]);
    return [...new Set(names)];
}

function nothing(): string {
    return `flts-preflight-${randomUUID()}`;
}

function questionsOf(
    store: { readonly bucketPrefix: string; readonly sharedSecret: string | undefined },
    settings: Settings,
): readonly StoreQuestion[] {
    const prefix = datasetPrefix(settings.identifier);
    const unknown = nothing();
    const questions = servicesOf(settings).flatMap((service) => {
        const grants: readonly BucketGrant[] = OBJECT_STORE_GRANTS[service];
        return grants.flatMap(({ bucket, access, keys = "*" }) => {
            // MLflow's server keeps the files of all pipelines.
            const within = bucket === BUCKETS.mlflow ? "" : prefix;
            return ACTIONS[access].map((action) => ({
                secret: givenSecret(store, service),
                bucket: `${store.bucketPrefix}${bucket}`,
                action,
                ...request(action, within, `${within}${keys.replace("*", unknown)}`),
            }));
        });
    });
    const identity = ({ secret, bucket, action, key }: StoreQuestion): string =>
        [secret, bucket, action, key].join(" ");
    return [...new Map(questions.map((question) => [identity(question), question])).values()];
}

/** Reads an object, or ends an upload, that does not exist: the store still checks whether the keys permit it. */
function request(
    action: StoreAction,
    prefix: string,
    key: string,
): Pick<StoreQuestion, "method" | "key" | "query"> {
    switch (action) {
        case "list":
            return { method: "GET", key: "", query: { "list-type": "2", "max-keys": "1", prefix } };
        case "read":
            return { method: "GET", key, query: {} };
        case "write":
            return { method: "DELETE", key, query: { uploadId: randomUUID() } };
    }
}

/** Services of this stack with keys of the store. */
function servicesOf({ layers, infrastructure }: Settings): (keyof typeof OBJECT_STORE_GRANTS)[] {
    if (infrastructure.from !== "deploy") {
        return [];
    }
    return [
        ...(infrastructure.mlflow.from === "deploy" ? (["mlflow"] as const) : []),
        ...(infrastructure.backup.enabled ? (["backup", "restore"] as const) : []),
        ...(layers.includes("pipeline") ? (["preprocess", "train", EVALUATOR_NAME, "data"] as const) : []),
        ...(layers.includes("serving") ? (["inference", LOG_COMPACTION_NAME] as const) : []),
    ];
}
