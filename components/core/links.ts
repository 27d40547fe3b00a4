import type * as pulumi from "@pulumi/pulumi";
import type { EnvironmentVariable } from "./environment";
import type { Labels } from "./labels";

/**
 * What a tier offers to its consumers.
 *
 * Taking a connection gives a consumer the environment it needs, with references to Secrets and never their
 * values, and opens the network between the two tiers, in both directions of policy. There is no other way to open
 * it, so that the allowed edges are exactly the declared links.
 */
export interface Connection {
    /** Tier that serves. */
    readonly server: string;
    /** Labels that select the serving pods. */
    readonly serverLabels: Labels;
    /** Container ports of the server; policies apply after a Service's port was translated. */
    readonly ports: readonly number[];
    readonly environment: readonly EnvironmentVariable[];
    /** Must exist before a consumer can use the connection, such as its bucket and its user. */
    readonly requires: readonly pulumi.Resource[];
}

/** A link as data, for tests and for the table of allowed edges. */
export interface Edge {
    readonly from: string;
    readonly to: string;
    readonly ports: readonly number[];
}
