import { createHash } from "node:crypto";
import {
    ADMIN_CONFIG,
    adminProperties,
    CLIENT_LISTENER,
    CONTROLLER_LISTENER,
    passwordProperties,
    SECURITY_PROPERTIES,
} from "./kafkaSecurity";

/** Port for clients and other brokers. */
export const KAFKA_PORT = 9092;
/** Port on which the controllers elect their leader. */
export const CONTROLLER_PORT = 9093;
/** Replicas of a partition where there are brokers enough. */
const REPLICATION = 3;

export interface KafkaClusterShape {
    readonly brokers: number;
    /** Name of the StatefulSet, from which the brokers' host names derive. */
    readonly name: string;
    /** Host name of the headless Service. */
    readonly headlessHost: string;
}

/** How many copies of each partition a cluster of this size keeps. */
export function replicationFactor(brokers: number): number {
    return Math.min(brokers, REPLICATION);
}

/**
 * Identity of the cluster: 16 bytes in URL-safe base64, as `kafka-storage random-uuid` prints it.
 *
 * Derived and not random, so that brokers that come back over kept volumes find the identity they were formatted
 * with. The first bits are fixed because Kafka's tools read a leading hyphen as an option.
 */
export function clusterId(namespace: string, name: string): string {
    const bytes = createHash("sha256").update(`flts/${namespace}/${name}`).digest().subarray(0, 16);
    bytes[0] = (bytes[0] ?? 0) & 0x3f;
    return bytes.toString("base64url");
}

/**
 * Broker settings that all brokers share; what differs is added by {@link FORMAT_SCRIPT}.
 *
 * Reference: https://kafka.apache.org/documentation/#brokerconfigs
 */
export function serverProperties(shape: KafkaClusterShape): string {
    const replication = replicationFactor(shape.brokers);
    const voters = Array.from(
        { length: shape.brokers },
        (_, id) => `${id}@${shape.name}-${id}.${shape.headlessHost}:${CONTROLLER_PORT}`,
    );
    const properties: Record<string, string | number | boolean> = {
        "process.roles": "broker,controller",
        "controller.quorum.voters": voters.join(","),
        "controller.listener.names": CONTROLLER_LISTENER,
        listeners: `${CLIENT_LISTENER}://:${KAFKA_PORT},${CONTROLLER_LISTENER}://:${CONTROLLER_PORT}`,
        ...SECURITY_PROPERTIES,
        "log.dirs": "/var/lib/kafka/data",
        // Topics are declared by the program: a misspelt name must fail and not become a topic.
        "auto.create.topics.enable": false,
        "default.replication.factor": replication,
        "min.insync.replicas": replication > 2 ? 2 : 1,
        "offsets.topic.replication.factor": replication,
        "offsets.topic.num.partitions": 10,
        "transaction.state.log.replication.factor": replication,
        "transaction.state.log.min.isr": replication > 2 ? 2 : 1,
        "share.coordinator.state.topic.replication.factor": replication,
        "share.coordinator.state.topic.min.isr": replication > 2 ? 2 : 1,
        // A group's first consumer would otherwise wait 3 s for others; each tier has one group and few members.
        "group.initial.rebalance.delay.ms": 0,
    };
    return `${Object.entries(properties)
        .map(([key, value]) => `${key}=${String(value)}`)
        .join("\n")}\n`;
}

/** Logs to the console only; the container's root file system cannot be written. */
export const LOG4J_PROPERTIES = [
    "status = warn",
    "appender.console.type = Console",
    "appender.console.name = console",
    "appender.console.layout.type = PatternLayout",
    "appender.console.layout.pattern = [%d] %p %m (%c)%n",
    "rootLogger.level = info",
    "rootLogger.appenderRef.console.ref = console",
    "",
].join("\n");

/**
 * Makes a broker's own settings from its ordinal and the passwords in its environment, and formats its volume, once.
 *
 * `--ignore-formatted` leaves a formatted volume alone, so that the container may run at each start.
 */
export function formatScript(shape: KafkaClusterShape, id: string): string {
    return [
        "set -eu",
        // The files have passwords.
        "umask 077",
        'ordinal="${HOSTNAME##*-}"',
        "{",
        "  cat /etc/kafka/server.properties",
        '  echo "node.id=${ordinal}"',
        `  echo "advertised.listeners=${CLIENT_LISTENER}://\${HOSTNAME}.${shape.headlessHost}:${KAFKA_PORT}"`,
        ...passwordProperties(),
        "} > /run/kafka/server.properties",
        "{",
        ...adminProperties(),
        `} > ${ADMIN_CONFIG}`,
        "exec java -XX:-UsePerfData -XX:TieredStopAtLevel=1 -cp '/opt/kafka/libs/*' kafka.tools.StorageTool " +
            `format --ignore-formatted --cluster-id ${id} --config /run/kafka/server.properties`,
    ].join("\n");
}
