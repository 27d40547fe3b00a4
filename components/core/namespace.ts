import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { DataLossGuard } from "./dataLossGuard";
import { allowDns, denyAll } from "./networkPolicies";
import { RESTRICTED_NAMESPACE_LABELS } from "./podSecurity";

export interface NamespaceArgs {
    readonly provider: kubernetes.Provider;
    readonly guard: DataLossGuard;
    /**
     * What has to be there before anything of the namespace, without being part of it. The namespace waits for it and
     * takes no value of it: what took one would be replaced with it.
     */
    readonly requires?: readonly pulumi.Resource[];
}

/** The namespace of one stack: only `restricted` pods are admitted and nothing may talk until a link allows it. */
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
            { metadata: { name, labels: { ...RESTRICTED_NAMESPACE_LABELS } } },
            { parent: this, ...args.guard.options, dependsOn: [...(args.requires ?? [])] },
        );
        const namespace = this.resource.metadata.name;
        const policies = Object.entries({ "deny-all": denyAll(), "allow-dns": allowDns() }).map(
            ([policy, spec]) =>
                new kubernetes.networking.v1.NetworkPolicy(
                    policy,
                    { metadata: { name: policy, namespace }, spec },
                    { parent: this },
                ),
        );
        // Pods of charts that make no account of their own run as `default`, and need no token either.
        const defaultAccount = new kubernetes.core.v1.ServiceAccountPatch(
            "default",
            { metadata: { name: "default", namespace }, automountServiceAccountToken: false },
            { parent: this },
        );
        const guards = pulumi.all([defaultAccount, ...policies].map((guard) => guard.urn));
        this.ready = pulumi.all([namespace, guards]).apply(([ready]) => ready);
        this.registerOutputs({ name: this.ready });
    }
}
