import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { copiedPullSecrets } from "./cluster/pullSecrets";
import type { PullSecret } from "./cluster/clusterSettings";
import { componentOptions, type ComponentContext } from "./componentOptions";
import type { DataLossGuard } from "./data/dataLossGuard";
import { objectLabels } from "./labels";
import type { OwnershipGuard } from "./ownershipGuard";
import { allowDns, denyAll, type DnsServers } from "./network/networkPolicies";
import { PRIVILEGED_NAMESPACE_LABELS, RESTRICTED_NAMESPACE_LABELS } from "./pod/podSecurity";

const POD_SECURITY_LABELS = {
    restricted: RESTRICTED_NAMESPACE_LABELS,
    privileged: PRIVILEGED_NAMESPACE_LABELS,
} as const;

export interface NamespaceArgs extends ComponentContext {
    /** Name of the stack. */
    readonly instance: string;
    /** Refuses to take over what exists. */
    readonly ownership: OwnershipGuard;
    /** The cluster's DNS servers, which all of its pods may ask. */
    readonly dns: DnsServers;
    /** Secrets that its pods pull images with; those of other namespaces are copied into it. */
    readonly pullSecrets: readonly PullSecret[];
    /** Refuses to delete the namespace; undefined if it holds no data. */
    readonly guard?: DataLossGuard;
    /** Prefix of the names of the resources in it. A stack's second namespace needs one. */
    readonly prefix?: string;
    /** Pod Security Standard that is enforced. Default `restricted`. */
    readonly podSecurity?: keyof typeof POD_SECURITY_LABELS;
    /**
     * What must exist before the namespace, without being part of it. The namespace waits for it and uses no value of it,
     * because it would otherwise be replaced together with it.
     */
    readonly requires?: readonly pulumi.Resource[];
}

/** A namespace that the tiers of a stack are in. */
export interface UsableNamespace {
    /** The namespace itself; undefined for one that this stack did not create. */
    readonly resource: kubernetes.core.v1.Namespace | undefined;
    /** The name, once the namespace and its policies exist. */
    readonly ready: pulumi.Output<string>;
}

/**
 * A namespace that one stack creates and deletes: by default only `restricted` pods are admitted, and nothing
 * may talk until a link allows it.
 */
export class Namespace extends pulumi.ComponentResource implements UsableNamespace {
    public readonly resource: kubernetes.core.v1.Namespace;
    public readonly ready: pulumi.Output<string>;

    /** @param name also the name of the namespace in the cluster. */
    public constructor(name: string, args: NamespaceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flts:core:Namespace", name, {}, componentOptions(args, opts));
        const { instance, ownership, guard, podSecurity = "restricted" } = args;
        const labels = objectLabels({ instance, name: "namespace" });
        this.resource = new kubernetes.core.v1.Namespace(
            name,
            { metadata: { name, labels: { ...POD_SECURITY_LABELS[podSecurity], ...labels } } },
            {
                parent: this,
                hooks: { ...guard?.options.hooks, ...ownership.options.hooks },
                dependsOn: [...(args.requires ?? [])],
            },
        );
        const namespace = this.resource.metadata.name;
        const prefix = args.prefix === undefined ? "" : `${args.prefix}-`;
        const policies = Object.entries({ "deny-all": denyAll(), "allow-dns": allowDns(args.dns) }).map(
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
        const secrets = copiedPullSecrets(args, { name, ready: namespace, prefix }, { parent: this });
        const guards = pulumi.all([defaultAccount, ...policies, ...secrets].map((each) => each.urn));
        this.ready = pulumi.all([namespace, guards]).apply(([ready]) => ready);
        this.registerOutputs({ name: this.ready });
    }
}

/**
 * A namespace that existed before the stack. Nothing of it is changed, and it stays: policies select the stack's own pods
 * alone, its labels and its account `default` are its owner's.
 */
export class ExistingNamespace extends pulumi.ComponentResource implements UsableNamespace {
    public readonly resource = undefined;
    public readonly ready: pulumi.Output<string>;

    /** @param name also the name of the namespace in the cluster. */
    public constructor(name: string, args: NamespaceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flts:core:ExistingNamespace", name, {}, componentOptions(args, opts));
        const { instance, ownership, requires = [] } = args;
        const pods = { "app.kubernetes.io/instance": instance };
        const labels = objectLabels({ instance, name: "namespace" });
        const policies = Object.entries({
            "deny-all": denyAll(pods),
            "allow-dns": allowDns(args.dns, pods),
        }).map(
            ([policy, spec]) =>
                new kubernetes.networking.v1.NetworkPolicy(
                    policy,
                    {
                        metadata: { name: `${instance}-${policy}`, namespace: name, labels: { ...labels } },
                        spec,
                    },
                    { parent: this, ...ownership.options, dependsOn: [...requires] },
                ),
        );
        const secrets = copiedPullSecrets(args, { name, ready: name, prefix: "" }, { parent: this });
        this.ready = pulumi.all([...policies, ...secrets].map(({ urn }) => urn)).apply(() => name);
        this.registerOutputs({ name: this.ready });
    }
}
