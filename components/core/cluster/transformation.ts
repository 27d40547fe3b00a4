import type * as pulumi from "@pulumi/pulumi";
import { withChartSettings } from "./chartSettings";
import { placementOf, type ClusterSettings, type Pairs, type PullSecret } from "./clusterSettings";
import { Overrides, type Override } from "./overrides";
import { withPodSettings } from "./podSettings";

type Inputs = Readonly<Record<string, unknown>>;

const WORKLOAD = /^kubernetes:(?:apps|batch)\/v1:(Deployment|StatefulSet|DaemonSet|Job|CronJob)$/;
const RELEASE = "kubernetes:helm.sh/v3:Release";
const SERVICE = "kubernetes:core/v1:Service";
const SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount";
const NAME = "app.kubernetes.io/name";

/** What the program declares of the cluster, with everything that the settings change of it. */
export interface DeclaredObject {
    /** Type token: `kubernetes:apps/v1:Deployment`. */
    readonly type: string;
    readonly inputs: Inputs;
}

/** Pod templates have this shape wherever they are. */
interface Templated {
    readonly template: Parameters<typeof withPodSettings>[0];
}

/**
 * Applies the cluster's settings, and then overrides, to everything that the program declares. Every object belongs to a
 * component, so no pod is left out.
 */
export class ClusterTransformation {
    /** For the options of every top-level component. */
    public readonly transformations: readonly pulumi.ResourceTransformation[];
    private readonly overrides: Overrides;
    private readonly tiers = new Set<string>();
    private readonly objects: DeclaredObject[] = [];

    /** @param services names of the stack's own Services. */
    public constructor(
        private readonly settings: ClusterSettings,
        overrides: readonly Override[],
        private readonly services: readonly string[],
    ) {
        this.overrides = new Overrides(overrides);
        this.transformations = [
            ({ type, props, opts }) => ({
                props: this.seen(type, this.overrides.apply(type, this.declared(type, props))),
                opts: this.options(type, opts),
            }),
        ];
    }

    /** Secrets that pods pull images with, each with the namespace that it is in. */
    public get pullSecrets(): readonly PullSecret[] {
        return this.settings.pullSecrets;
    }

    /** Everything that was declared until now. */
    public get declaredObjects(): readonly DeclaredObject[] {
        return this.objects;
    }

    /** Every override that failed, and every override and tier's settings that matched nothing, once all is declared. */
    public problems(): readonly string[] {
        return [
            ...Object.keys(this.settings.tiers)
                .filter((tier) => !this.tiers.has(tier))
                .map(
                    (tier) =>
                        `flts:cluster.tiers.${tier} matches nothing: the stack has no pods of that name; ` +
                        `it has: ${[...this.tiers].sort().join(", ")}`,
                ),
            ...this.overrides.problems(),
        ];
    }

    private seen(type: string, inputs: Record<string, unknown>): Record<string, unknown> {
        if (type.startsWith("kubernetes:")) {
            this.objects.push({ type, inputs });
        }
        return inputs;
    }

    private declared(type: string, inputs: Inputs): Inputs {
        const { settings, services } = this;
        const kind = WORKLOAD.exec(type)?.[1];
        if (kind !== undefined) {
            const spec = inputs.spec as Templated & { readonly jobTemplate?: { readonly spec: Templated } };
            const templated = <T extends Templated>(owner: T): T => {
                this.see((owner.template.metadata as { labels: Pairs }).labels);
                return { ...owner, template: withPodSettings(owner.template, settings, services) };
            };
            return spec.jobTemplate === undefined
                ? { ...inputs, spec: templated(spec) }
                : {
                      ...inputs,
                      spec: {
                          ...spec,
                          jobTemplate: { ...spec.jobTemplate, spec: templated(spec.jobTemplate.spec) },
                      },
                  };
        }
        switch (type) {
            case RELEASE: {
                const values = inputs.values as Inputs & { readonly podLabels: Pairs };
                this.see(values.podLabels);
                const { ready } = settings.timeouts;
                return {
                    ...inputs,
                    ...(ready === undefined ? {} : { timeout: ready }),
                    values: withChartSettings(values, settings, services),
                };
            }
            case SERVICE:
                return this.service(inputs);
            case SERVICE_ACCOUNT:
                return withAnnotations(inputs, this.placement(inputs).serviceAccountAnnotations);
            default:
                return inputs;
        }
    }

    private service(inputs: Inputs): Inputs {
        const { serviceAnnotations, sourceRanges } = this.placement(inputs);
        const spec = inputs.spec as { readonly type?: string };
        const { ipFamilyPolicy } = this.settings;
        return {
            ...withAnnotations(inputs, serviceAnnotations),
            spec: {
                ...spec,
                ...(spec.type === "LoadBalancer" && sourceRanges.length > 0
                    ? { loadBalancerSourceRanges: [...sourceRanges] }
                    : {}),
                // The cluster's own default, which is not declared: it would change Services that have no other.
                ...(ipFamilyPolicy === "SingleStack" ? {} : { ipFamilyPolicy }),
            },
        };
    }

    private placement(inputs: Inputs): ReturnType<typeof placementOf> {
        const { labels } = inputs.metadata as { readonly labels: Pairs };
        return placementOf(this.settings, labels[NAME] ?? "");
    }

    private see(labels: Pairs): void {
        this.tiers.add(labels[NAME] ?? "");
    }

    private options(type: string, opts: pulumi.ResourceOptions): pulumi.ResourceOptions {
        const { ready } = this.settings.timeouts;
        if (ready === undefined || !type.startsWith("kubernetes:")) {
            return opts;
        }
        const time = `${ready}s`;
        return { ...opts, customTimeouts: { create: time, update: time } };
    }
}

function withAnnotations(inputs: Inputs, annotations: Pairs): Inputs {
    if (Object.keys(annotations).length === 0) {
        return inputs;
    }
    const metadata = inputs.metadata as { readonly annotations?: Pairs };
    return { ...inputs, metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } } };
}
