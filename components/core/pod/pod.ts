import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { EnvironmentVariable } from "./environment";
import type { Labels } from "../labels";
import type { Probes } from "./probes";
import { restrictedContainer, restrictedPod } from "./podSecurity";
import { withSecretFiles } from "./secretFiles";

type Container = kubernetes.types.input.core.v1.Container;
type PodSpec = kubernetes.types.input.core.v1.PodSpec;
type PodTemplateSpec = kubernetes.types.input.core.v1.PodTemplateSpec;
type Volume = kubernetes.types.input.core.v1.Volume;
type VolumeMount = kubernetes.types.input.core.v1.VolumeMount;

/** Requests and limits, both required: a pod without them can take a small node down. */
export interface Resources {
    readonly requests: { readonly cpu: string; readonly memory: string };
    readonly limits: { readonly cpu: string; readonly memory: string };
    /** Numbers of extended resources by name, such as GPUs, which are requested as they are limited. Default: none. */
    readonly devices?: Readonly<Record<string, string>>;
}

/** Requests and limits of containers that only prepare files. */
export const PREPARATION_RESOURCES: Resources = {
    requests: { cpu: "10m", memory: "64Mi" },
    limits: { cpu: "2", memory: "512Mi" },
};

/** Size of `/tmp`, in GiB: the largest of what the services put there is a dataset. */
const TEMPORARY_GIBIBYTES = 4;
/** GiB of a pod for logs and the containers' own layers, beside its scratch volumes. */
const LOGS_GIBIBYTES = 1;
/** Ephemeral storage that each container requests. */
const EPHEMERAL_REQUEST = "64Mi";

/** A volume that ends with the pod. */
export interface ScratchVolume {
    readonly name: string;
    /** Above it the pod is evicted; without a limit it could fill its node's disk. */
    readonly gibibytes: number;
}

export interface ContainerArgs {
    readonly name: string;
    readonly image: string;
    /** Required, so that no image's entrypoint decides what runs. */
    readonly command: readonly string[];
    readonly environment?: readonly EnvironmentVariable[];
    /** Port names and numbers. */
    readonly ports?: Readonly<Record<string, number>>;
    readonly resources: Resources;
    readonly mounts?: readonly VolumeMount[];
    /** Omitted only for containers that end by themselves. */
    readonly probes?: Probes;
    /** Command that runs before the container is asked to stop. */
    readonly preStop?: readonly string[];
}

/** A container under the Pod Security Standard `restricted`, with `/tmp` as the only place to write. */
export function container(args: ContainerArgs): Container {
    return {
        name: args.name,
        image: args.image,
        imagePullPolicy: "IfNotPresent",
        command: [...args.command],
        env: [...(args.environment ?? [])],
        ports: Object.entries(args.ports ?? {}).map(([name, containerPort]) => ({ name, containerPort })),
        resources: {
            requests: { ...args.resources.requests, ...args.resources.devices },
            limits: { ...args.resources.limits, ...args.resources.devices },
        },
        securityContext: restrictedContainer(),
        volumeMounts: [{ name: "tmp", mountPath: "/tmp" }, ...(args.mounts ?? [])],
        ...(args.probes ?? {}),
        ...(args.preStop === undefined
            ? {}
            : { lifecycle: { preStop: { exec: { command: [...args.preStop] } } } }),
    };
}

export interface PodArgs {
    readonly labels: Labels;
    readonly serviceAccountName: pulumi.Input<string>;
    /** Numeric user of all containers. */
    readonly user: number;
    /** Numeric group of all containers. Default: the user's number. */
    readonly group?: number;
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly volumes?: readonly Volume[];
    /** Volumes that end with the pod, beside `/tmp`. */
    readonly scratch?: readonly ScratchVolume[];
    /** Annotations whose change must roll the pods, such as a checksum of their configuration. */
    readonly annotations?: Readonly<Record<string, string>>;
    /** Seconds to stop in before the pod is killed. Default 30. */
    readonly graceSeconds?: number;
    readonly restartPolicy?: "Always" | "Never" | "OnFailure";
    /** Labels of the nodes that the pod may run on. Default: any node. */
    readonly nodeSelector?: Readonly<Record<string, string>>;
    /** Runtime class by which nodes give containers their devices. Default: the nodes' own runtime. */
    readonly runtimeClassName?: string;
    /** Taints of nodes that the pod tolerates. Default: none. */
    readonly tolerations?: readonly kubernetes.types.input.core.v1.Toleration[];
    /** Spread replicas over nodes and zones as far as there are any. Default false. */
    readonly spread?: boolean;
    /** Give the pod its account's token, for containers that use the Kubernetes API. Default false. */
    readonly apiToken?: boolean;
}

/** Nodes that a pod requires, apart from the cluster's settings. */
export type NodeChoice = Pick<PodArgs, "nodeSelector" | "runtimeClassName" | "tolerations">;

/** A pod that runs without a token unless it needs one, without injected Service variables, and under `restricted`. */
export function podTemplate(args: PodArgs): PodTemplateSpec {
    const scratch = [{ name: "tmp", gibibytes: TEMPORARY_GIBIBYTES }, ...(args.scratch ?? [])];
    const disk = scratch.reduce((sum, { gibibytes }) => sum + gibibytes, LOGS_GIBIBYTES);
    const bounded = (containers: readonly Container[]): Container[] =>
        containers.map((each) => withEphemeralStorage(each, disk));
    const files = withSecretFiles([args.initContainers ?? [], args.containers]);
    const [initContainers = [], containers = []] = files.groups;
    return {
        metadata: {
            labels: { ...args.labels },
            ...(args.annotations === undefined ? {} : { annotations: { ...args.annotations } }),
        },
        spec: {
            serviceAccountName: args.serviceAccountName,
            automountServiceAccountToken: args.apiToken ?? false,
            // Variables of existing Services would override settings of the same name (KAFKA_PORT).
            enableServiceLinks: false,
            securityContext: restrictedPod(args.user, args.group),
            terminationGracePeriodSeconds: args.graceSeconds ?? 30,
            ...(args.restartPolicy === undefined ? {} : { restartPolicy: args.restartPolicy }),
            ...(args.initContainers === undefined ? {} : { initContainers: bounded(initContainers) }),
            containers: bounded(containers),
            volumes: [
                ...scratch.map(({ name, gibibytes }) => ({
                    name,
                    emptyDir: { sizeLimit: `${gibibytes}Gi` },
                })),
                ...(args.volumes ?? []),
                ...files.volumes,
            ],
            ...(args.nodeSelector === undefined ? {} : { nodeSelector: { ...args.nodeSelector } }),
            ...(args.runtimeClassName === undefined ? {} : { runtimeClassName: args.runtimeClassName }),
            ...(args.tolerations === undefined ? {} : { tolerations: [...args.tolerations] }),
            ...(args.spread === true ? spreadOut(args.labels) : {}),
        },
    };
}

/** A container that may use as much of its node's disk as its pod's scratch volumes and logs have. */
function withEphemeralStorage(each: Container, gibibytes: number): Container {
    const { requests, limits } = each.resources as Resources;
    return {
        ...each,
        resources: {
            requests: { ...requests, "ephemeral-storage": EPHEMERAL_REQUEST },
            limits: { ...limits, "ephemeral-storage": `${gibibytes}Gi` },
        },
    };
}

/**
 * Keeps replicas on different nodes and zones as far as there are any: one node must still be able to run all of
 * them, or a single-node cluster could never roll them.
 */
export function spreadOut(labels: Labels): Pick<PodSpec, "affinity" | "topologySpreadConstraints"> {
    const labelSelector = { matchLabels: { ...labels } };
    const node = "kubernetes.io/hostname";
    return {
        topologySpreadConstraints: [node, "topology.kubernetes.io/zone"].map((topologyKey) => ({
            maxSkew: 1,
            topologyKey,
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector,
        })),
        // In addition to the even spread, which also counts pods that a rollout is about to remove.
        affinity: {
            podAntiAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [
                    { weight: 100, podAffinityTerm: { topologyKey: node, labelSelector } },
                ],
            },
        },
    };
}
