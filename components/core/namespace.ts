import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { DataLossGuard } from "./data/dataLossGuard";
import { allowDns, denyAll } from "./network/networkPolicies";
import { PRIVILEGED_NAMESPACE_LABELS, RESTRICTED_NAMESPACE_LABELS } from "./pod/podSecurity";

const POD_SECURITY_LABELS = {
    restricted: RESTRICTED_NAMESPACE_LABELS,
    privileged: PRIVILEGED_NAMESPACE_LABELS,
} as const;

export interface NamespaceArgs {
    readonly provider: kubernetes.Provider;
    /** Refuses to delete the namespace; undefined where nothing in it is worth it. */
    readonly guard?: DataLossGuard;
    /** Stands before the names of the resources in it. A stack's second namespace needs one. */
    readonly prefix?: string;
    /** Pod Security Standard that pods are held to. Default `restricted`. */
    readonly podSecurity?: keyof typeof POD_SECURITY_LABELS;
    /**
     * What has to be there before anything of the namespace, without being part of it. The namespace waits for it and
     * takes no value of it: what took one would be replaced with it.
     */
    readonly requires?: readonly pulumi.Resource[];
}

/**
 * A namespace of one stack: unless told otherwise only `restricted` pods are admitted, and nothing may talk until a link
 * allows it.
 */
export class Namespace extends pulumi.ComponentResource {
    public readonly resource: kubernetes.core.v1.Namespace;
    /** The name, once the namespace and its policies exist. */
    public readonly ready: pulumi.Output<string>;

    /** @param name also the name of the namespace in the cluster. */
    public constructor(name: string, args: NamespaceArgs, opts?: pulumi.ComponentResourceOptions) {
        super(
            "flts:core:Namespace",
            name,
            {},
            pulumi.mergeOptions({ providers: [args.provider] } as pulumi.ComponentResourceOptions, opts),
        );
        this.resource = new kubernetes.core.v1.Namespace(
            name,
            { metadata: { name, labels: { ...POD_SECURITY_LABELS[args.podSecurity ?? "restricted"] } } },
            { parent: this, ...args.guard?.options, dependsOn: [...(args.requires ?? [])] },
        );
        const namespace = this.resource.metadata.name;
        const prefix = args.prefix === undefined ? "" : `${args.prefix}-`;
        const policies = Object.entries({ "deny-all": denyAll(), "allow-dns": allowDns() }).map(
            ([policy, spec]) =>
                new kubernetes.networking.v1.NetworkPolicy(
                    `${prefix}${policy}`,
                    { metadata: { name: policy, namespace }, spec },
                    { parent: this },
                ),
        );
        // Pods of charts that make no account of their own run as `default`, and need no token either.
        const defaultAccount = new kubernetes.core.v1.ServiceAccountPatch(
            `${prefix}default`,
            { metadata: { name: "default", namespace }, automountServiceAccountToken: false },
            { parent: this },
        );
        const guards = pulumi.all([defaultAccount, ...policies].map((guard) => guard.urn));
        this.ready = pulumi.all([namespace, guards]).apply(([ready]) => ready);
        this.registerOutputs({ name: this.ready });
    }
}
