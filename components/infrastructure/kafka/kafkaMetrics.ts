/** Port on which the agent exposes the broker's metrics. */
export const KAFKA_METRICS_PORT = 9404;
/** Where the agent lies in its own image, and in the broker's container. */
export const AGENT_DIRECTORY = "/opt/jmx-exporter";
/** Name of the agent's configuration beside the broker's. */
export const AGENT_CONFIG = "jmx-exporter.yaml";
/** Where the volume that both containers share is mounted in the one that fills it. */
export const SHARED_DIRECTORY = "/run/agent";

/** Copies the agent out of its image, so that the official Kafka image serves as it is. */
export const COPY_AGENT_COMMAND = [
    "/bin/sh",
    "-c",
    `cp ${AGENT_DIRECTORY}/*.jar ${SHARED_DIRECTORY}/agent.jar`,
];

/** Java's option that loads the agent. */
export function agentOption(configDirectory: string): string {
    return `-javaagent:${AGENT_DIRECTORY}/agent.jar=${KAFKA_METRICS_PORT}:${configDirectory}/${AGENT_CONFIG}`;
}

/**
 * What the agent shows, as JSON, which is YAML too: the broker has thousands of metrics, of which a few show its health.
 *
 * Names follow the exporter's own example for Kafka, which dashboards and rules in the world are written for.
 * Reference: https://prometheus.github.io/jmx_exporter/1.0.1/http-mode/rules/
 */
export function agentConfig(): string {
    const config = {
        lowercaseOutputName: true,
        includeObjectNames: [
            "kafka.server:type=ReplicaManager,*",
            "kafka.server:type=BrokerTopicMetrics,*",
            "kafka.controller:type=KafkaController,*",
            "kafka.network:type=RequestMetrics,name=TotalTimeMs,*",
            "kafka.log:type=Log,name=LogEndOffset,*",
            "kafka.log:type=Log,name=Size,*",
        ],
        rules: [
            {
                pattern: "kafka.(server|controller)<type=(ReplicaManager|KafkaController), name=(.+)><>Value",
                name: "kafka_$1_$2_$3",
                type: "GAUGE",
            },
            {
                pattern: "kafka.server<type=BrokerTopicMetrics, name=(.+)PerSec, topic=(.+)><>Count",
                name: "kafka_server_brokertopicmetrics_$1_total",
                labels: { topic: "$2" },
                type: "COUNTER",
            },
            {
                pattern:
                    "kafka.network<type=RequestMetrics, name=TotalTimeMs, request=(Produce|FetchConsumer)><>99thPercentile",
                name: "kafka_network_requestmetrics_totaltimems_p99",
                labels: { request: "$1" },
                type: "GAUGE",
            },
            {
                pattern: "kafka.log<type=Log, name=(LogEndOffset|Size), topic=(.+), partition=(.+)><>Value",
                name: "kafka_log_log_$1",
                labels: { topic: "$2", partition: "$3" },
                type: "GAUGE",
            },
        ],
    };
    return `${JSON.stringify(config, null, 2)}\n`;
}
