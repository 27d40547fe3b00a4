import type * as pulumi from "@pulumi/pulumi";
import type { EnvironmentVariable } from "./pod/environment";
import type { Labels } from "./labels";
import type * as kubernetes from "@pulumi/kubernetes";

/** Peers of a connection in network policies. */
export type Peer = kubernetes.types.input.networking.v1.NetworkPolicyPeer;

/** Name of every server that is not in the namespace. */
export const OUTSIDE = "outside";

/** A namespace of this stack beside the one that its tiers share. */
export interface OtherNamespace {
    readonly name: string;
    /** The name, as an output that says that the namespace exists. */
    readonly ready: pulumi.Output<string>;
}

/** Where a server is, as network policies need it. Plain data. */
export interface Server {
    /** Tier that serves, or {@link OUTSIDE}. */
    readonly server: string;
    /** Labels that select the serving pods; undefined for a server that is in no namespace of the stack. */
    readonly serverLabels?: Labels | undefined;
    /** Where a server is that no labels select. Default: anywhere. */
    readonly to?: readonly Peer[];
    /** Where the serving pods are. Default: the consumer's namespace. */
    readonly namespace?: OtherNamespace;
    /** Container ports of the server; policies apply after a Service's port was translated. */
    readonly ports: readonly number[];
}

/**
 * What a tier offers to its consumers.
 *
 * A connection gives a consumer the environment that it needs, with references to Secrets and never their
 * values, and opens the network between the two tiers, in both directions of policy. There is no other way to open
 * it, so that the allowed edges are exactly the declared links.
 */
export interface Connection extends Server {
    readonly environment: readonly EnvironmentVariable[];
    /** Must exist before a consumer can use the connection, such as its bucket and its user. */
    readonly requires: readonly pulumi.Resource[];
}

/** Port of an http or https address, which its scheme says when it does not. */
export function portOf(address: string): number {
    const { port, protocol } = new URL(address);
    return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}

/** A server that is not in the namespace, such as the Kubernetes API, by its ports. */
export function outside(...ports: number[]): Connection {
    return { server: OUTSIDE, ports, environment: [], requires: [] };
}

/**
 * Where pods of a tier expose their metrics in Prometheus' text format.
 *
 * Scraping is a link too: taking an endpoint opens the network to it.
 */
export interface MetricsEndpoint {
    readonly server: string;
    readonly serverLabels: Labels;
    /** Where the pods are. Default: the namespace of who scrapes. */
    readonly namespace?: OtherNamespace;
    /** Container port. */
    readonly port: number;
    readonly paths: readonly string[];
}

/** The connection that a scrape of the endpoint needs. */
export function scrapeConnection({ server, serverLabels, namespace, port }: MetricsEndpoint): Connection {
    const where = { server, serverLabels, ...(namespace && { namespace }) };
    return { ...where, ports: [port], environment: [], requires: [] };
}
