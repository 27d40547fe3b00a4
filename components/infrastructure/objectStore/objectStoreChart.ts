import { credentialsAnnotation } from "../../core/data/credentials";
import type { Exposure } from "../../core/network/exposure";
import type { Images } from "../../core/pod/images";
import type { Labels } from "../../core/labels";
import { spreadOut, type Resources } from "../../core/pod/pod";
import { restrictedContainer, restrictedPod } from "../../core/pod/podSecurity";

/** User of the chart and of the official image. */
const MINIO_USER = 1000;

export interface MinioChartArgs {
    readonly name: string;
    readonly images: Images;
    /** Secret with the keys `rootUser` and `rootPassword`. */
    readonly rootSecret: string;
    readonly mode: "standalone" | "distributed";
    /** Servers of a distributed store; ignored for a standalone one. */
    readonly replicas: number;
    readonly drivesPerNode: number;
    /** Size of each volume. */
    readonly storage: string;
    readonly storageClass: string | undefined;
    readonly resources: Resources;
    readonly console: Exposure;
    readonly podLabels: Labels;
    readonly credentialsEpoch: number;
}

/**
 * Values of the official chart 5.4.0.
 *
 * All are literals: an unknown value would hide the release's changes from a preview, and a secret would be kept
 * in the cluster as part of the release.
 */
export function minioChartValues(args: MinioChartArgs): Record<string, unknown> {
    return {
        fullnameOverride: args.name,
        image: { ...args.images.parts("minio"), pullPolicy: "IfNotPresent" },
        existingSecret: args.rootSecret,
        mode: args.mode,
        replicas: args.replicas,
        drivesPerNode: args.drivesPerNode,
        // The chart's default is an administrator `console` with the password `console123`.
        users: [],
        // One server on one volume cannot run twice: the old one has to be gone first.
        deploymentUpdate: { type: "Recreate" },
        persistence: { enabled: true, size: args.storage, storageClass: args.storageClass ?? "" },
        securityContext: { enabled: true, ...restrictedPod(MINIO_USER) },
        containerSecurityContext: restrictedContainer(),
        resources: {
            requests: { ...args.resources.requests, "ephemeral-storage": "64Mi" },
            limits: { ...args.resources.limits, "ephemeral-storage": "1Gi" },
        },
        // The namespace's default account has no token; one made by the chart would mount its own.
        serviceAccount: { create: false, name: "default" },
        service: { type: "ClusterIP" },
        consoleService: {
            type: args.console.type,
            ...(args.console.nodePort === undefined ? {} : { nodePort: String(args.console.nodePort) }),
        },
        // Metrics need no token: only links reach the port, and metrics are less than what those clients may read. A
        // token would be signed with the root's key and end with it.
        metrics: { serviceMonitor: { enabled: false, public: true } },
        podLabels: { ...args.podLabels },
        // One server has nothing to be spread from, and a budget would only keep its node from being drained.
        ...(args.mode === "distributed"
            ? {
                  ...spreadOut(args.podLabels),
                  podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
              }
            : {}),
        podAnnotations: credentialsAnnotation(args.credentialsEpoch),
        environment: {
            // The console looks for updates on the internet, which the network policies refuse.
            MINIO_UPDATE: "off",
        },
    };
}
