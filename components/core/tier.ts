import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { componentOptions } from "./componentOptions";
import type { DeploymentArgs } from "./pod/deployment";
import type { Configuration } from "./pod/configuration";
import { exposedService, loadBalancerHost, reachableFromOutside, type Exposure } from "./network/exposure";
import { objectLabels, selectorLabels, type Labels, type TierIdentity } from "./labels";
import type { Connection, MetricsEndpoint, OtherNamespace } from "./links";
import { allowEgress, allowFromOutside, allowIngress } from "./network/networkPolicies";
import { grant, readRules, type PolicyRule, type ReadableKinds } from "./permissions";
import type { Platform } from "./platform";

/** Layer and class of a tier; the type token is `flts:<layer>:<class>`. */
export type TierType =
    `${"infrastructure" | "pipeline" | "serving" | "gateway" | "loadTest" | "monitoring" | "operations"}:${string}`;

/**
 * One part of the pipeline with its own pods, identity and network edges.
 *
 * A tier's children take its provider and its parent from here, run under a service account without a token, and
 * reach exactly what the tier has connections to.
 */
export abstract class Tier extends pulumi.ComponentResource {
    /** Name of the tier; names of its objects derive from it. */
    public readonly tierName: string;
    /** Where a cloud's load balancer serves the tier; undefined where none was asked for. */
    public loadBalancerHost: pulumi.Output<string | undefined> | undefined;
    protected readonly platform: Platform;
    protected readonly serviceAccount: kubernetes.core.v1.ServiceAccount;

    protected constructor(
        type: TierType,
        name: string,
        platform: Platform,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super(`flts:${type}`, name, {}, componentOptions(platform, opts));
        this.tierName = name;
        this.platform = platform;
        this.serviceAccount = new kubernetes.core.v1.ServiceAccount(
            name,
            { metadata: this.metadata(name), automountServiceAccountToken: false },
            this.child(),
        );
    }

    /** Labels that select all pods of the tier. */
    public get podLabels(): Labels {
        return selectorLabels(this.identity());
    }

    /** Who the tier's pods are: what selects them, and the account they run under. */
    protected get pods(): Pick<DeploymentArgs, "labels" | "serviceAccountName"> {
        return { labels: this.podLabels, serviceAccountName: this.serviceAccount.metadata.name };
    }

    /** Identity of the tier, or of one kind of its pods. */
    protected identity(component?: string): TierIdentity {
        return {
            instance: this.platform.instance,
            name: this.tierName,
            ...(component === undefined ? {} : { component }),
        };
    }

    /** Metadata of an object of the tier. */
    protected metadata(
        name: string,
        component?: string,
    ): { name: string; namespace: pulumi.Output<string>; labels: Record<string, string> } {
        return {
            name,
            namespace: this.platform.namespace,
            labels: { ...objectLabels(this.identity(component)) },
        };
    }

    /** Metadata of a Job: the next update recreates a failed Job instead of waiting for it forever. */
    protected jobMetadata(
        name: string,
        component?: string,
    ): ReturnType<Tier["metadata"]> & { annotations: Record<string, string> } {
        return { ...this.metadata(name, component), annotations: { "pulumi.com/replaceUnready": "true" } };
    }

    /** Options of a child. */
    protected child(options: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
        const { ownership } = this.platform;
        return { ...options, hooks: { ...options.hooks, ...ownership.options.hooks }, parent: this };
    }

    /** Allows traffic from the tier to the servers that it has connections to, in the policies of both sides. */
    protected link(connections: readonly Connection[]): void {
        new kubernetes.networking.v1.NetworkPolicy(
            `${this.tierName}-egress`,
            {
                metadata: this.metadata(`${this.tierName}-egress`),
                spec: allowEgress(this.podLabels, connections),
            },
            this.child(),
        );
        for (const { server, serverLabels, namespace, ports } of connections) {
            if (serverLabels !== undefined) {
                const name = `${server}-from-${this.tierName}`;
                const from = namespace && this.platform.namespaceName;
                new kubernetes.networking.v1.NetworkPolicy(
                    name,
                    {
                        metadata: {
                            ...this.metadata(name),
                            ...(namespace && { namespace: namespace.ready }),
                        },
                        spec: allowIngress(this.podLabels, serverLabels, ports, from),
                    },
                    this.child(),
                );
            }
        }
    }

    /** Allows traffic from outside the cluster to these container ports of the tier. */
    protected openToOutside(ports: readonly number[]): void {
        const name = `${this.tierName}-from-outside`;
        new kubernetes.networking.v1.NetworkPolicy(
            name,
            { metadata: this.metadata(name), spec: allowFromOutside(this.podLabels, ports) },
            this.child(),
        );
    }

    /**
     * Lets the tier's account read objects of the namespace, or of another one. Give its pods the token (`apiToken`)
     * too.
     */
    protected allowReading(kinds: ReadableKinds, other?: OtherNamespace): pulumi.Resource[] {
        const metadata = { ...this.metadata(this.tierName), ...(other && { namespace: other.ready }) };
        const name = other === undefined ? this.tierName : `${this.tierName}-in-${other.name}`;
        const role = new kubernetes.rbac.v1.Role(name, { metadata, rules: readRules(kinds) }, this.child());
        const binding = new kubernetes.rbac.v1.RoleBinding(
            name,
            { metadata, ...grant("Role", role.metadata.name, this.serviceAccount) },
            this.child(),
        );
        return [role, binding];
    }

    /** Gives the tier's account permissions for the whole cluster, such as for nodes. */
    protected allowInCluster(rules: PolicyRule[]): pulumi.Resource[] {
        const { labels } = this.metadata(this.tierName);
        // Named after the namespace: two stacks in one cluster have one each.
        const metadata = { name: `${this.platform.namespaceName}-${this.tierName}`, labels };
        const role = new kubernetes.rbac.v1.ClusterRole(this.tierName, { metadata, rules }, this.child());
        const binding = new kubernetes.rbac.v1.ClusterRoleBinding(
            this.tierName,
            { metadata, ...grant("ClusterRole", role.metadata.name, this.serviceAccount) },
            this.child(),
        );
        return [role, binding];
    }

    /**
     * The Service named like the tier, for its container port named `http`; where it is exposed beyond the cluster, the
     * network is opened too.
     *
     * @param selector labels of the pods behind it. Default: all pods of the tier.
     */
    protected expose(
        exposure: Exposure,
        ports: { readonly service: number; readonly container: number },
        selector: Labels = this.podLabels,
    ): kubernetes.core.v1.Service {
        if (reachableFromOutside(exposure)) {
            this.openToOutside([ports.container]);
        }
        const service = new kubernetes.core.v1.Service(
            this.tierName,
            {
                metadata: this.metadata(this.tierName),
                spec: exposedService(exposure, selector, {
                    name: "http",
                    port: ports.service,
                    targetPort: "http",
                }),
            },
            this.child(),
        );
        if (exposure.type === "LoadBalancer") {
            this.loadBalancerHost = loadBalancerHost(service);
        }
        return service;
    }

    /**
     * Files in a ConfigMap, as the tier's pods get them.
     *
     * @param directory in which containers see the files.
     * @param name of the ConfigMap. Default: the tier's.
     * @param volume name of the pod's volume.
     */
    protected configurationFiles(
        directory: string,
        files: Readonly<Record<string, string>>,
        name = this.tierName,
        volume = "config",
    ): Configuration {
        const map = new kubernetes.core.v1.ConfigMap(
            name,
            { metadata: this.metadata(name), data: { ...files } },
            this.child(),
        );
        return {
            files,
            volume: { name: volume, configMap: { name: map.metadata.name } },
            mount: { name: volume, mountPath: directory, readOnly: true },
        };
    }

    /** Where all pods of the tier expose their metrics; the layer that scrapes them knows the port from the tier. */
    public metricsAt(port: number, paths: readonly string[] = ["/metrics"]): MetricsEndpoint {
        return { server: this.tierName, serverLabels: this.podLabels, port, paths };
    }

    /** What a consumer of all pods of the tier gets, where it needs no environment: the network to a container port. */
    protected connectionAt(port: number, requires: readonly pulumi.Resource[]): Connection {
        return {
            server: this.tierName,
            serverLabels: this.podLabels,
            ports: [port],
            environment: [],
            requires,
        };
    }

    /** Environment of all connections. */
    protected static environmentOf(connections: readonly Connection[]): Connection["environment"] {
        return connections.flatMap((connection) => connection.environment);
    }

    /** Everything that must exist before the connections can be used. */
    protected static requirementsOf(connections: readonly Connection[]): pulumi.Resource[] {
        return connections.flatMap((connection) => connection.requires);
    }
}
