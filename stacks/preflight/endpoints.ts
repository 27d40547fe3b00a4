import type { Settings } from "../settings/parsed/settings";
import type { Endpoint, EndpointFacts } from "./facts";
import { error, unchecked, type Finding } from "./finding";

/** The external servers whose addresses say whether they have TLS. */
export function endpointsOf({ infrastructure, ingress }: Settings): readonly Endpoint[] {
    if (infrastructure.from !== "deploy") {
        return [];
    }
    const { kafka, objectStore, mlflow, backup } = infrastructure;
    const postgres = mlflow.from === "deploy" ? mlflow.postgres : undefined;
    return [
        ...(kafka.from === "external" && kafka.tls !== undefined ? brokers(kafka.bootstrapServers) : []),
        ...(objectStore.from !== "deploy"
            ? address("objectStore.external.endpoint", objectStore.endpoint)
            : []),
        ...(mlflow.from === "external" ? address("mlflow.external.trackingUri", mlflow.trackingUri) : []),
        ...(postgres?.from === "external" && postgres.sslMode !== "disable"
            ? [
                  {
                      setting: "postgres.external.host",
                      value: postgres.host,
                      host: postgres.host,
                      port: postgres.port,
                      protocol: "postgres" as const,
                      hasTls: true,
                      fix: "switch ssl on there, or set flts:postgres.external.sslMode to disable",
                  },
              ]
            : []),
        ...(backup.enabled && backup.place.from === "bucket"
            ? address("backup.target.endpoint", backup.place.endpoint)
            : []),
        ...(ingress.enabled && ingress.mlflow?.login.mode === "oidc"
            ? address("ingress.login.issuerUrl", ingress.mlflow.login.issuerUrl)
            : []),
    ];
}

function brokers(servers: string): Endpoint[] {
    return servers.split(",").map((server) => {
        const colon = server.lastIndexOf(":");
        return {
            setting: "kafka.external.bootstrapServers",
            value: server,
            host: server.slice(0, colon),
            port: Number(server.slice(colon + 1)),
            protocol: "tls",
            hasTls: true,
            fix: "name the port of a listener with TLS, or set flts:kafka.external.protocol to PLAINTEXT or SASL_PLAINTEXT",
        };
    });
}

function address(setting: string, value: string): Endpoint[] {
    const { protocol, hostname, port } = new URL(value);
    const hasTls = protocol === "https:";
    return [
        {
            setting,
            value,
            host: hostname.replace(/^\[|\]$/g, ""),
            port: port === "" ? (hasTls ? 443 : 80) : Number(port),
            protocol: "tls",
            hasTls,
            fix: hasTls ? "correct its port, or write http:// if its traffic may be read" : "write https://",
        },
    ];
}

/** Servers that answer, with TLS or without, and not as the settings say. One that this machine does not reach may be reached by pods. */
export function endpointFindings(facts: readonly EndpointFacts[]): readonly Finding[] {
    return facts.flatMap(({ endpoint: { setting, value, host, port, hasTls, fix }, answer }) => {
        if (answer === "tls" || answer === "plain") {
            return hasTls === (answer === "tls")
                ? []
                : [
                      error(
                          `flts:${setting} = "${value}": ${host}:${port} answers ${hasTls ? "without" : "with"} TLS; ${fix}`,
                      ),
                  ];
        }
        return hasTls ? [unchecked(`TLS of flts:${setting} = "${value}"`, answer.unreachable)] : [];
    });
}
