import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { configurationAnnotations, type Configuration } from "../../core/pod/configuration";
import { scaleDown, scalingRequests } from "../../access/scaleDown";
import { credentialsAnnotation, generatedLogin } from "../../core/data/credentials";
import { plain } from "../../core/pod/environment";
import type { Connection, MetricsEndpoint } from "../../core/links";
import { serviceHost, type Platform } from "../../core/platform";
import { container, PREPARATION_RESOURCES, type Resources } from "../../core/pod/pod";
import { probes, tcpCheck } from "../../core/pod/probes";
import { disruptionBudget } from "../../core/pod/disruptionBudget";
import { statefulSet } from "../../core/pod/statefulSet";
import { Tier } from "../../core/tier";
import { PEERS_ANNOTATION, stopBrokersFirst } from "./brokersStop";
import {
    clusterId,
    CONTROLLER_PORT,
    formatScript,
    KAFKA_PORT,
    LOG4J_PROPERTIES,
    serverProperties,
    type KafkaClusterShape,
} from "./kafkaConfig";
import { ADMIN_SECRET, ADMIN_USER, BROKER_PASSWORDS, BROKER_SECRET, signIn } from "./kafkaSecurity";
import {
    AGENT_CONFIG,
    AGENT_DIRECTORY,
    agentConfig,
    agentOption,
    COPY_AGENT_COMMAND,
    KAFKA_METRICS_PORT,
    SHARED_DIRECTORY,
} from "./kafkaMetrics";

/** User of the official image (`appuser`). */
const KAFKA_USER = 1000;
/** Seconds that all brokers together may take to stop: each gets its grace, and a node some time. */
const STOP_SECONDS = 180;
const CONFIG_DIRECTORY = "/etc/kafka";

export interface KafkaArgs {
    readonly platform: Platform;
    /** Number of brokers, each of which is a controller too; odd, so that a majority exists. */
    readonly brokers: number;
    /** Size of each broker's volume, such as `10Gi`. */
    readonly storage: string;
    /** Java heap of a broker, in MiB; the memory limit must leave room for the page cache. */
    readonly heapMegabytes: number;
    readonly resources: Resources;
}

/** Message broker in KRaft mode. See `kafka.md`. */
export class Kafka extends Tier {
    /** Bootstrap address inside the cluster. */
    public readonly bootstrapServers: string;
    /** What every client of the brokers gets; users and their permissions are made by who declares the topics. */
    public readonly connection: Connection;
    /** What the administrator of the brokers gets. */
    public readonly administration: Connection;
    /** The brokers' metrics, through the JMX agent. */
    public readonly metrics: MetricsEndpoint;
    private readonly statefulSet: kubernetes.apps.v1.StatefulSet;
    private readonly shape: KafkaClusterShape;
    private readonly args: KafkaArgs;

    public constructor(name: string, args: KafkaArgs, opts?: pulumi.ComponentResourceOptions) {
        super("infrastructure:Kafka", name, args.platform, opts);
        this.args = args;
        this.shape = {
            brokers: args.brokers,
            name,
            headlessHost: serviceHost(args.platform, `${name}-headless`),
        };
        this.bootstrapServers = `${name}:${KAFKA_PORT}`;
        const secrets = this.secrets();
        const service = this.services();
        this.statefulSet = this.brokers(
            this.configurationFiles(CONFIG_DIRECTORY, {
                "server.properties": serverProperties(this.shape),
                "log4j2.properties": LOG4J_PROPERTIES,
                [AGENT_CONFIG]: agentConfig(),
            }),
            secrets,
        );
        disruptionBudget(name, this.metadata(name), this.podLabels, args.brokers, this.child());
        this.connection = {
            server: name,
            serverLabels: this.podLabels,
            ports: [KAFKA_PORT],
            environment: plain({ KAFKA_BOOTSTRAP_SERVERS: this.bootstrapServers }),
            requires: [this.statefulSet, service],
        };
        this.administration = {
            ...this.connection,
            environment: [...this.connection.environment, ...signIn(ADMIN_SECRET, "PLAIN")],
        };
        this.metrics = this.metricsAt(KAFKA_METRICS_PORT);
        this.link([{ ...this.connection, ports: [KAFKA_PORT, CONTROLLER_PORT] }]);
        this.registerOutputs({ bootstrapServers: this.bootstrapServers });
    }

    private services(): kubernetes.core.v1.Service {
        const { tierName: name } = this;
        new kubernetes.core.v1.Service(
            `${name}-headless`,
            {
                metadata: this.metadata(`${name}-headless`),
                spec: {
                    clusterIP: "None",
                    // Brokers must find each other to become ready at all.
                    publishNotReadyAddresses: true,
                    selector: { ...this.podLabels },
                    ports: [
                        { name: "kafka", port: KAFKA_PORT },
                        { name: "controller", port: CONTROLLER_PORT },
                    ],
                },
            },
            this.child(),
        );
        return new kubernetes.core.v1.Service(
            name,
            {
                metadata: this.metadata(name),
                spec: { selector: { ...this.podLabels }, ports: [{ name: "kafka", port: KAFKA_PORT }] },
            },
            this.child(),
        );
    }

    /** Credentials that brokers know from their configuration. */
    private secrets(): pulumi.Resource[] {
        const { platform, tierName: name } = this;
        const broker = generatedLogin(BROKER_SECRET, name, platform, this, (password) => ({ password }));
        const admin = generatedLogin(ADMIN_SECRET, name, platform, this, (password) => ({
            username: ADMIN_USER,
            password,
        }));
        return [broker.secret, admin.secret];
    }

    private brokers(
        configuration: Configuration,
        secrets: readonly pulumi.Resource[],
    ): kubernetes.apps.v1.StatefulSet {
        const { platform, tierName: name, args, shape } = this;
        const image = platform.images.reference("kafka");
        const mounts = [
            configuration.mount,
            { name: "run", mountPath: "/run/kafka" },
            { name: "data", mountPath: "/var/lib/kafka" },
        ];
        const id = clusterId(platform.namespaceName, name);
        return new kubernetes.apps.v1.StatefulSet(
            name,
            statefulSet(
                {
                    ...this.metadata(name),
                    // After all brokers were stopped, the number of them is Pulumi's to set again.
                    annotations: { "pulumi.com/patchForce": "true" },
                },
                {
                    serviceName: `${name}-headless`,
                    replicas: args.brokers,
                    // All at once: a single controller of three has no majority and would never be ready.
                    parallel: true,
                    storage: args.storage,
                    storageClass: platform.storageClass,
                    pod: {
                        ...this.pods,
                        user: KAFKA_USER,
                        annotations: {
                            ...configurationAnnotations(configuration),
                            ...credentialsAnnotation(platform.credentialsEpoch),
                            [PEERS_ANNOTATION]: `sasl-${platform.credentialsEpoch}`,
                        },
                        // A controlled shutdown moves leadership away first.
                        graceSeconds: 60,
                        spread: args.brokers > 1,
                        initContainers: [
                            container({
                                name: "format",
                                image,
                                command: ["/bin/sh", "-c", formatScript(shape, id)],
                                environment: BROKER_PASSWORDS,
                                resources: PREPARATION_RESOURCES,
                                mounts,
                            }),
                            container({
                                name: "agent",
                                image: platform.images.reference("jmx-exporter"),
                                command: COPY_AGENT_COMMAND,
                                resources: PREPARATION_RESOURCES,
                                mounts: [{ name: "agent", mountPath: SHARED_DIRECTORY }],
                            }),
                        ],
                        containers: [
                            container({
                                name: "kafka",
                                image,
                                command: brokerCommand(args.heapMegabytes),
                                ports: {
                                    kafka: KAFKA_PORT,
                                    controller: CONTROLLER_PORT,
                                    metrics: KAFKA_METRICS_PORT,
                                },
                                resources: args.resources,
                                mounts: [
                                    ...mounts,
                                    { name: "agent", mountPath: AGENT_DIRECTORY, readOnly: true },
                                ],
                                // A KRaft broker opens its client port last, after it has caught up and was let in.
                                probes: probes({
                                    startup: tcpCheck("kafka"),
                                    readiness: tcpCheck("kafka"),
                                    liveness: tcpCheck("kafka"),
                                    startSeconds: 300,
                                }),
                            }),
                        ],
                        volumes: [configuration.volume],
                        scratch: [
                            { name: "run", gibibytes: 1 },
                            { name: "agent", gibibytes: 1 },
                        ],
                    },
                },
            ),
            this.child({
                dependsOn: [...secrets],
                hooks: { ...platform.guard.options.hooks, beforeUpdate: [this.stopFirst()] },
            }),
        );
    }

    private stopFirst(): pulumi.ResourceHook {
        const { platform, tierName: name } = this;
        platform.requests.add(...scalingRequests(platform.namespaceName));
        const selector = Object.entries(this.podLabels)
            .map(([label, value]) => `${label}=${value}`)
            .join(",");
        return stopBrokersFirst(() =>
            scaleDown(platform.context, { namespace: platform.namespaceName, name }, selector, STOP_SECONDS),
        );
    }
}

function brokerCommand(heapMegabytes: number): string[] {
    return [
        "java",
        `-Xms${heapMegabytes}m`,
        `-Xmx${heapMegabytes}m`,
        "-XX:+UseG1GC",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-UsePerfData",
        "-Djava.awt.headless=true",
        `-Dlog4j2.configurationFile=${CONFIG_DIRECTORY}/log4j2.properties`,
        agentOption(CONFIG_DIRECTORY),
        "-cp",
        "/opt/kafka/libs/*",
        "kafka.Kafka",
        "/run/kafka/server.properties",
    ];
}
