import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Connection, MetricsEndpoint, OtherNamespace } from "../../core/links";
import { Namespace } from "../../core/namespace";
import { readRules } from "../../core/permissions";
import { serviceHost, type Platform } from "../../core/platform";
import { container, podTemplate } from "../../core/pod/pod";
import { httpCheck, probes } from "../../core/pod/probes";
import { Tier } from "../../core/tier";
import { NOBODY } from "../exporters/exporter";
import { collectorNamespaceName } from "./collectorNamespace";
import { VICTORIA_LOGS_PORT } from "./victoriaLogs";

/** Port on which the agent exposes its metrics. */
const AGENT_PORT = 9429;
/** What the agent has read and not sent yet, and how far it has read. */
const STATE_DIRECTORY = "/vlagent-data";
/** Most that may wait there for VictoriaLogs; the oldest lines go first. */
const LARGEST_BACKLOG = "512MiB";
/** Where kubelets write the logs of all containers, unless configured otherwise. */
const NODE_LOGS = "/var/log";
/** Group of the logs' files, which container runtimes write as root and let the group read. */
const ROOT_GROUP = 0;
/** Fields that may hold a line's text, the first one that is there: `event` is structlog's, the others are common. */
const MESSAGE_FIELDS = ["event", "message", "msg", "log"];

export interface LogCollectorArgs {
    /** That of the stack, whose pods' logs are collected. */
    readonly platform: Platform;
    /** VictoriaLogs of the stack. */
    readonly store: Connection;
}

/**
 * Sends the logs of the stack's pods to VictoriaLogs: an agent on each node, which reads the kubelet's files. See
 * `logs.md`.
 *
 * It has a namespace of its own, because Pod Security Standards above `privileged` admit no pod that sees a directory of
 * its node. In everything else the agent is `restricted`.
 */
export class LogCollector extends Tier {
    public readonly metrics: MetricsEndpoint;

    public constructor(name: string, args: LogCollectorArgs, opts?: pulumi.ComponentResourceOptions) {
        const { platform, store } = args;
        const namespaceName = collectorNamespaceName(platform.namespaceName);
        const own = new Namespace(
            namespaceName,
            {
                provider: platform.provider,
                transformations: platform.transformations,
                pullSecrets: platform.cluster.pullSecrets,
                instance: platform.instance,
                dns: platform.network.dns,
                ownership: platform.ownership,
                podSecurity: "privileged",
                prefix: name,
            },
            opts?.parent === undefined ? {} : { parent: opts.parent },
        );
        const home = { namespaceName, namespace: own.ready, namespaceResource: own.resource };
        super("monitoring:LogCollector", name, { ...platform, ...home }, opts);
        this.metrics = {
            ...this.metricsAt(AGENT_PORT),
            namespace: { name: namespaceName, ready: own.ready },
        };
        const elsewhere: OtherNamespace = { name: platform.namespaceName, ready: platform.namespace };
        this.link([{ ...store, namespace: elsewhere }, platform.network.apiServer]);
        // It asks which pods are on its node, and for the labels of their node and namespaces.
        const permissions = this.allowInCluster([
            ...readRules({ "": ["pods"] }),
            { apiGroups: [""], resources: ["nodes"], verbs: ["get"] },
            { apiGroups: [""], resources: ["namespaces"], verbs: ["list"] },
        ]);
        this.agents(args, [...permissions, ...store.requires]);
        this.registerOutputs({ namespace: own.ready });
    }

    private agents({ platform, store }: LogCollectorArgs, dependsOn: pulumi.Resource[]): void {
        const { tierName: name } = this;
        const url = `http://${serviceHost(platform, store.server)}:${VICTORIA_LOGS_PORT}/insert/native`;
        new kubernetes.apps.v1.DaemonSet(
            name,
            {
                metadata: this.metadata(name),
                spec: {
                    selector: { matchLabels: { ...this.podLabels } },
                    template: podTemplate({
                        ...this.pods,
                        apiToken: true,
                        user: NOBODY,
                        group: ROOT_GROUP,
                        // Pods of the stack may be on any node.
                        tolerations: [{ operator: "Exists" }],
                        containers: [
                            container({
                                name,
                                image: platform.images.reference("vlagent"),
                                command: agentCommand(platform.namespaceName, url),
                                ports: { http: AGENT_PORT },
                                resources: {
                                    requests: { cpu: "10m", memory: "24Mi" },
                                    limits: { cpu: "500m", memory: "192Mi" },
                                },
                                mounts: [
                                    { name: "logs", mountPath: NODE_LOGS, readOnly: true },
                                    { name: "state", mountPath: STATE_DIRECTORY },
                                ],
                                probes: probes({
                                    startup: httpCheck("/health"),
                                    readiness: httpCheck("/health"),
                                    liveness: httpCheck("/health"),
                                }),
                            }),
                        ],
                        volumes: [{ name: "logs", hostPath: { path: NODE_LOGS, type: "Directory" } }],
                        // Restarts continue where they were; a new pod reads again what the node still has.
                        scratch: [{ name: "state", gibibytes: 1 }],
                    }),
                },
            },
            this.child({ dependsOn }),
        );
    }
}

/** Flags: https://docs.victoriametrics.com/victorialogs/vlagent/#advanced-usage */
function agentCommand(namespace: string, url: string): string[] {
    return [
        "/vlagent-prod",
        `-httpListenAddr=:${AGENT_PORT}`,
        // Beside IPv4: to listen, and to send to VictoriaLogs.
        "-enableTCP6",
        `-tmpDataPath=${STATE_DIRECTORY}`,
        `-remoteWrite.url=${url}`,
        `-remoteWrite.maxDiskUsagePerURL=${LARGEST_BACKLOG}`,
        "-kubernetesCollector",
        `-kubernetesCollector.excludeFilter=!kubernetes.pod_namespace:=${JSON.stringify(namespace)}`,
        `-kubernetesCollector.msgField=${MESSAGE_FIELDS.join(",")}`,
        "-loggerFormat=json",
    ];
}
