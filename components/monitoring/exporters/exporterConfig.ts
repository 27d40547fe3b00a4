/** Where the blackbox exporter's configuration is mounted. */
export const BLACKBOX_CONFIG_DIRECTORY = "/etc/blackbox-flts";
/** Where the cluster's certificate authority is mounted. */
export const CLUSTER_AUTHORITY_DIRECTORY = "/etc/cluster-authority";

/** Modules of the blackbox exporter: what counts as a good answer. */
export const PROBE_MODULES = { http: "http", clusterTls: "cluster-tls", publicTls: "public-tls" } as const;

/**
 * The blackbox exporter's configuration as JSON, which is YAML too.
 *
 * Reference: https://github.com/prometheus/blackbox_exporter/blob/v0.26.0/CONFIGURATION.md
 */
export function blackboxConfig(): string {
    const ipv4 = { preferred_ip_protocol: "ip4" };
    const config = {
        modules: {
            [PROBE_MODULES.http]: { prober: "http", timeout: "5s", http: ipv4 },
            // Only the certificate is checked. The API may reject an anonymous request, but only after the TLS handshake.
            [PROBE_MODULES.clusterTls]: {
                prober: "http",
                timeout: "5s",
                http: {
                    ...ipv4,
                    fail_if_not_ssl: true,
                    valid_status_codes: [200, 401, 403],
                    tls_config: { ca_file: `${CLUSTER_AUTHORITY_DIRECTORY}/ca.crt` },
                },
            },
            // Who signed it is the browsers' question; here it is when it ends.
            [PROBE_MODULES.publicTls]: {
                prober: "http",
                timeout: "5s",
                http: { ...ipv4, fail_if_not_ssl: true, tls_config: { insecure_skip_verify: true } },
            },
        },
    };
    return `${JSON.stringify(config, null, 2)}\n`;
}

/**
 * Alertmanager's configuration as JSON, which is YAML too. Without an address alerts are shown and sent nowhere.
 *
 * Reference: https://prometheus.io/docs/alerting/0.28/configuration/
 */
export function alertmanagerConfig(webhookUrl?: string): string {
    const config = {
        route: {
            receiver: "default",
            // What breaks together is reported together.
            group_by: ["alertname", "job"],
            group_wait: "30s",
            group_interval: "5m",
            repeat_interval: "12h",
            // The receiver notices within minutes when it stops.
            routes: [
                {
                    receiver: "default",
                    matchers: ['alertname="Watchdog"'],
                    group_interval: "1m",
                    repeat_interval: "5m",
                },
            ],
        },
        receivers: [
            {
                name: "default",
                ...(webhookUrl === undefined
                    ? {}
                    : { webhook_configs: [{ url: webhookUrl, send_resolved: true }] }),
            },
        ],
    };
    return `${JSON.stringify(config, null, 2)}\n`;
}
