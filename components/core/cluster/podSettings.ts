import type * as kubernetes from "@pulumi/kubernetes";
import {
    CA_DIRECTORY,
    CA_VOLUME,
    clusterEnvironment,
    placementOf,
    schedulingOf,
    type ClusterSettings,
    type DeclaredScheduling,
    type Pairs,
    type Placement,
} from "./clusterSettings";

type PodTemplate = kubernetes.types.input.core.v1.PodTemplateSpec;
type PodSpec = kubernetes.types.input.core.v1.PodSpec;
type Container = kubernetes.types.input.core.v1.Container;
type Volume = kubernetes.types.input.core.v1.Volume;

/** Users that the cluster assigns where `users` says so. */
const NUMERIC_USERS = ["runAsUser", "runAsGroup", "fsGroup", "fsGroupChangePolicy"];

/** A pod template as the program's builders make it: plain lists and objects whose values may be outputs. */
interface PlainTemplate {
    readonly metadata: { readonly labels: Pairs; readonly annotations?: Pairs };
    readonly spec: Omit<PodSpec, "containers" | "initContainers" | "volumes"> & {
        readonly containers: readonly Container[];
        readonly initContainers?: readonly Container[];
        readonly volumes?: readonly Volume[];
    };
}

/**
 * A pod template with the cluster's settings of its tier.
 *
 * @param services names of the stack's own Services.
 */
export function withPodSettings(
    template: PodTemplate,
    settings: ClusterSettings,
    services: Iterable<string>,
): PodTemplate {
    return plainTemplate(template as unknown as PlainTemplate, settings, services);
}

function plainTemplate(
    template: PlainTemplate,
    settings: ClusterSettings,
    services: Iterable<string>,
): object {
    const { metadata, spec } = template;
    const placement = placementOf(settings, metadata.labels["app.kubernetes.io/name"] ?? "");
    const variables = clusterEnvironment(settings, services);
    const each = (one: Container): Container => withContainerSettings(one, placement, settings, variables);
    const { annotations = {} } = metadata;
    const declared = spec as DeclaredScheduling;
    const { configMap } = settings.caBundle;
    const volumes = [
        ...(spec.volumes ?? []),
        ...(configMap === undefined ? [] : [{ name: CA_VOLUME, configMap: { name: configMap } }]),
    ];
    const all = { ...annotations, ...placement.podAnnotations };
    return {
        ...template,
        metadata: {
            ...metadata,
            labels: { ...placement.podLabels, ...metadata.labels },
            ...(Object.keys(all).length === 0 ? {} : { annotations: all }),
        },
        spec: {
            ...spec,
            ...(settings.users === "fixed" ? {} : { securityContext: withoutUsers(spec.securityContext) }),
            ...(settings.pullSecrets.length === 0
                ? {}
                : { imagePullSecrets: settings.pullSecrets.map(({ localName }) => ({ name: localName })) }),
            ...schedulingOf(declared, placement, settings.architectures),
            ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(each) }),
            containers: spec.containers.map(each),
            ...(volumes.length === 0 ? {} : { volumes }),
        },
    };
}

function withContainerSettings(
    container: Container,
    { ephemeralStorage }: Placement,
    { caBundle }: ClusterSettings,
    variables: Pairs,
): Container {
    const declared = (container.env ?? []) as { readonly name: string }[];
    const known = new Set(declared.map(({ name }) => name));
    const added = Object.entries(variables)
        .filter(([name]) => !known.has(name))
        .map(([name, value]) => ({ name, value }));
    const mounts = (container.volumeMounts ?? []) as kubernetes.types.input.core.v1.VolumeMount[];
    return {
        ...container,
        ...(added.length === 0 ? {} : { env: [...declared, ...added] }),
        ...(caBundle.configMap === undefined
            ? {}
            : { volumeMounts: [...mounts, { name: CA_VOLUME, mountPath: CA_DIRECTORY, readOnly: true }] }),
        resources: withDisk(container.resources as Amounts, ephemeralStorage),
    };
}

/** Requests and limits by resource. */
export interface Amounts {
    readonly requests: Pairs;
    readonly limits: Pairs;
}

/** Amounts with what the settings say of the node's disk. */
export function withDisk(
    { requests, limits }: Amounts,
    { request, limit }: Placement["ephemeralStorage"],
): { requests: Record<string, string>; limits: Record<string, string> } {
    const disk = "ephemeral-storage";
    return {
        requests: { ...requests, ...(request === undefined ? {} : { [disk]: request }) },
        limits: { ...limits, ...(limit === undefined ? {} : { [disk]: limit }) },
    };
}

function withoutUsers(context: unknown): Record<string, unknown> {
    return Object.fromEntries(
        Object.entries(context as object).filter(([key]) => !NUMERIC_USERS.includes(key)),
    );
}

/** Values of a chart that unset the users its own defaults declare. */
export function unsetUsers(): Record<string, null> {
    return Object.fromEntries(NUMERIC_USERS.map((key) => [key, null]));
}
