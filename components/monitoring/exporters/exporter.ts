import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { configurationAnnotations } from "../../core/pod/configuration";
import { deployment, type DeploymentArgs } from "../../core/pod/deployment";
import type { Connection, MetricsEndpoint } from "../../core/links";
import type { ReadableKinds } from "../../core/permissions";
import type { Platform } from "../../core/platform";
import type { ContainerArgs } from "../../core/pod/pod";
import { httpCheck, probes } from "../../core/pod/probes";
import { Tier } from "../../core/tier";

/** User of the official images of the Prometheus project (`nobody`). */
export const NOBODY = 65534;

export interface ExporterArgs
    extends
        Pick<DeploymentArgs, "user">,
        Pick<ContainerArgs, "command" | "environment" | "image" | "resources"> {
    readonly platform: Platform;
    /** Annotations whose change must roll the pod. */
    readonly annotations?: Readonly<Record<string, string>>;
    /** Files that it is configured by, and where it finds them. */
    readonly configuration?: { readonly directory: string; readonly files: Readonly<Record<string, string>> };
    readonly volumes?: DeploymentArgs["volumes"];
    readonly mounts?: ContainerArgs["mounts"];
    readonly connections: readonly Connection[];
    readonly port: number;
    /** Path that answers as long as the exporter runs, whether what it asks answers or not. */
    readonly healthPath: string;
    /** Objects of the namespace that it asks the Kubernetes API for. Default: none, and no token to ask with. */
    readonly reads?: ReadableKinds;
}

/** A pod that exposes the metrics of another server in Prometheus' format. */
export class Exporter extends Tier {
    public readonly metrics: MetricsEndpoint;

    public constructor(name: string, args: ExporterArgs, opts?: pulumi.ComponentResourceOptions) {
        super("monitoring:Exporter", name, args.platform, opts);
        this.metrics = this.metricsAt(args.port);
        this.link(args.connections);
        const permissions = args.reads === undefined ? [] : this.allowReading(args.reads);
        new kubernetes.core.v1.Service(
            name,
            {
                metadata: this.metadata(name),
                spec: {
                    selector: { ...this.podLabels },
                    ports: [{ name: "http", port: args.port, targetPort: "http" }],
                },
            },
            this.child(),
        );
        this.deployment(args, permissions);
        this.registerOutputs({ service: name });
    }

    private deployment(args: ExporterArgs, permissions: readonly pulumi.Resource[]): void {
        const answers = httpCheck(args.healthPath);
        const configurations =
            args.configuration === undefined
                ? []
                : [this.configurationFiles(args.configuration.directory, args.configuration.files)];
        new kubernetes.apps.v1.Deployment(
            this.tierName,
            deployment(this.metadata(this.tierName), {
                ...this.pods,
                annotations: { ...args.annotations, ...configurationAnnotations(...configurations) },
                volumes: [...configurations.map(({ volume }) => volume), ...(args.volumes ?? [])],
                apiToken: args.reads !== undefined,
                user: args.user ?? NOBODY,
                replicas: 1,
                strategy: "Recreate",
                container: {
                    name: this.tierName,
                    image: args.image,
                    command: args.command,
                    environment: args.environment ?? [],
                    ports: { http: args.port },
                    resources: args.resources,
                    mounts: [...configurations.map(({ mount }) => mount), ...(args.mounts ?? [])],
                    probes: probes({ startup: answers, readiness: answers, liveness: answers }),
                },
            }),
            this.child({ dependsOn: [...Tier.requirementsOf(args.connections), ...permissions] }),
        );
    }
}
