import type { Connection } from "../../core/links";
import type { BucketGrant } from "./objectStorePolicy";
import type { ObjectStoreResources } from "./objectStoreResources";

/** Buckets of an object store, and who reaches them. */
export interface ObjectStoreClients {
    /** Address as pods reach it. */
    readonly endpoint: string;
    /** What the program makes in it; undefined where it makes nothing. */
    readonly own: ObjectStoreResources | undefined;
    /**
     * What a service needs to act in its buckets.
     *
     * @param grants all that it may do there, where the program makes its user.
     */
    connection(service: string, grants: readonly BucketGrant[]): Connection;
    /** A Secret that holds all that people and their programs outside of the cluster need, and what is given besides. */
    login(
        service: string,
        secretName: string,
        grants: readonly BucketGrant[],
        besides: Readonly<Record<string, string>>,
    ): void;
}
