import { fromSecret, plain, type EnvironmentVariable } from "../../core/pod/environment";

/** Listener for clients and other brokers. */
export const CLIENT_LISTENER = "CLIENTS";
/** Listener on which the controllers elect their leader. */
export const CONTROLLER_LISTENER = "CONTROLLER";

/** User that brokers are among themselves. */
const BROKER_USER = "broker";
/** User that declares topics, users and permissions. */
export const ADMIN_USER = "admin";

/** Secret with the key `password` of {@link BROKER_USER}. */
export const BROKER_SECRET = "kafka-broker";
/** Secret with the keys `username` and `password` of {@link ADMIN_USER}. */
export const ADMIN_SECRET = "kafka-admin";

/** Where a broker's container has the settings by which Kafka's tools sign in: `--command-config`. */
export const ADMIN_CONFIG = "/run/kafka/admin.properties";

/** Variables of the script that writes a broker's settings. */
export const BROKER_PASSWORDS: readonly EnvironmentVariable[] = [
    ...fromSecret(BROKER_SECRET, { BROKER_PASSWORD: "password" }),
    ...fromSecret(ADMIN_SECRET, { ADMIN_PASSWORD: "password" }),
];

/**
 * Who may connect, and who may do what.
 *
 * Services sign in with SCRAM-SHA-512, whose verifiers Kafka keeps with its metadata. Brokers and the administrator are
 * known by the configuration instead (PLAIN): brokers need each other before there are any metadata, and so the volumes of
 * a stack without users can be used as they are.
 *
 * Reference: https://kafka.apache.org/43/security/authorization-and-acls/
 */
export const SECURITY_PROPERTIES = {
    "listener.security.protocol.map": `${CLIENT_LISTENER}:SASL_PLAINTEXT,${CONTROLLER_LISTENER}:SASL_PLAINTEXT`,
    "inter.broker.listener.name": CLIENT_LISTENER,
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
    "sasl.mechanism.controller.protocol": "PLAIN",
    [`listener.name.${CLIENT_LISTENER.toLowerCase()}.sasl.enabled.mechanisms`]: "SCRAM-SHA-512,PLAIN",
    [`listener.name.${CLIENT_LISTENER.toLowerCase()}.scram-sha-512.sasl.jaas.config`]:
        "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    [`listener.name.${CONTROLLER_LISTENER.toLowerCase()}.sasl.enabled.mechanisms`]: "PLAIN",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": `User:${BROKER_USER};User:${ADMIN_USER}`,
};

/** Lines of a shell script that print the properties with passwords, which come from its environment. */
export function passwordProperties(): string[] {
    const plainLogin = (users: string): string =>
        `org.apache.kafka.common.security.plain.PlainLoginModule required username=\\"${BROKER_USER}\\" ` +
        `password=\\"\${BROKER_PASSWORD}\\" user_${BROKER_USER}=\\"\${BROKER_PASSWORD}\\"${users};`;
    const line = (listener: string, users: string): string =>
        `  echo "listener.name.${listener.toLowerCase()}.plain.sasl.jaas.config=${plainLogin(users)}"`;
    return [
        line(CLIENT_LISTENER, ` user_${ADMIN_USER}=\\"\${ADMIN_PASSWORD}\\"`),
        line(CONTROLLER_LISTENER, ""),
    ];
}

/** Lines of a shell script that print what Kafka's tools need to sign in as the administrator. */
export function adminProperties(): string[] {
    return [
        '  echo "security.protocol=SASL_PLAINTEXT"',
        '  echo "sasl.mechanism=PLAIN"',
        `  echo "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\\"${ADMIN_USER}\\" password=\\"\${ADMIN_PASSWORD}\\";"`,
    ];
}

/** What a client needs to sign in, with a Secret's keys `username` and `password`. */
export function signIn(
    secretName: string,
    mechanism: "SCRAM-SHA-512" | "SCRAM-SHA-256" | "PLAIN",
    protocol: "SASL_PLAINTEXT" | "SASL_SSL" = "SASL_PLAINTEXT",
): EnvironmentVariable[] {
    return [
        ...plain({ KAFKA_SECURITY_PROTOCOL: protocol, KAFKA_SASL_MECHANISM: mechanism }),
        ...fromSecret(secretName, { KAFKA_SASL_USERNAME: "username", KAFKA_SASL_PASSWORD: "password" }),
    ];
}
