import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { waitForRollout, type Metadata } from "./rolloutWait";
import type { Labels } from "../labels";
import { container, podTemplate, type ContainerArgs, type NodeChoice, type PodArgs } from "./pod";
import { SERVICE_USER } from "./podSecurity";

/** What the Deployments of all tiers differ in; everything else is {@link podTemplate}'s and {@link container}'s. */
export interface DeploymentArgs extends Pick<
    PodArgs,
    "annotations" | "apiToken" | "graceSeconds" | "initContainers" | "volumes" | "scratch" | keyof NodeChoice
> {
    /** Labels that select the pods. */
    readonly labels: Labels;
    readonly serviceAccountName: pulumi.Input<string>;
    /** Numeric user of the container. Default: the one of the project's own images. */
    readonly user?: number;
    /**
     * How new pods replace old ones. `Recreate` is for pods that must not run twice; pods under `RollingUpdate`
     * overlap, so that there are always as many as asked for, and are spread over nodes.
     */
    readonly strategy: "Recreate" | "RollingUpdate";
    /** Pods; undefined leaves the number to an autoscaler: two owners of one number undo each other's work. */
    readonly replicas: number | undefined;
    readonly container: ContainerArgs;
}

/** A Deployment whose pods run one container, after those that prepare it. */
export function deployment(metadata: Metadata, args: DeploymentArgs): kubernetes.apps.v1.DeploymentArgs {
    return { metadata: waitForRollout(metadata, args.replicas), spec: deploymentSpec(args) };
}

function deploymentSpec(args: DeploymentArgs): kubernetes.types.input.apps.v1.DeploymentSpec {
    const { labels, strategy, replicas } = args;
    const overlapping = strategy === "RollingUpdate";
    return {
        ...(replicas === undefined ? {} : { replicas }),
        strategy: {
            type: strategy,
            ...(overlapping ? { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } : {}),
        },
        selector: { matchLabels: { ...labels } },
        template: podTemplate({
            labels,
            serviceAccountName: args.serviceAccountName,
            user: args.user ?? SERVICE_USER,
            ...(args.annotations === undefined ? {} : { annotations: args.annotations }),
            ...(args.graceSeconds === undefined ? {} : { graceSeconds: args.graceSeconds }),
            ...(args.initContainers === undefined ? {} : { initContainers: args.initContainers }),
            ...(args.apiToken === undefined ? {} : { apiToken: args.apiToken }),
            ...(args.volumes === undefined ? {} : { volumes: args.volumes }),
            ...(args.scratch === undefined ? {} : { scratch: args.scratch }),
            ...(args.nodeSelector === undefined ? {} : { nodeSelector: args.nodeSelector }),
            ...(args.runtimeClassName === undefined ? {} : { runtimeClassName: args.runtimeClassName }),
            ...(args.tolerations === undefined ? {} : { tolerations: args.tolerations }),
            spread: overlapping,
            containers: [container(args.container)],
        }),
    };
}
