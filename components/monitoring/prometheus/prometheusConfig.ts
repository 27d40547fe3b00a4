import type { MetricsEndpoint } from "../../core/links";

/** Port of Prometheus. */
export const PROMETHEUS_PORT = 9090;
/** Where the configuration is mounted. */
export const CONFIG_DIRECTORY = "/etc/prometheus-flts";
/** Where the rules are mounted. */
export const RULES_DIRECTORY = "/etc/prometheus-rules";
/** Where the kubelet puts the token and the certificate authority of the API. */
const TOKEN_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";

/** A request that the blackbox exporter sends, from where a client would. */
export interface ProbeTarget {
    readonly name: string;
    readonly url: string;
    /** Module of the exporter's configuration, which says what answer is good. */
    readonly module: string;
}

export interface PrometheusConfigArgs {
    readonly namespace: string;
    readonly scrapeIntervalSeconds: number;
    readonly endpoints: readonly MetricsEndpoint[];
    readonly probes: readonly ProbeTarget[];
    /** The blackbox exporter, which sends the probes. */
    readonly prober: MetricsEndpoint;
    /** Host and port of Alertmanager. */
    readonly alertmanager: string;
    /** Names of the rule files. */
    readonly rules: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Prometheus' configuration as JSON, which is YAML too.
 *
 * One job a link: pods are found by the labels that the network policy names, so that what is scraped and what may be
 * scraped are one list. Reference: https://prometheus.io/docs/prometheus/3.16/configuration/configuration/
 */
export function prometheusConfig(args: PrometheusConfigArgs): string {
    const config = {
        global: {
            scrape_interval: `${args.scrapeIntervalSeconds}s`,
            evaluation_interval: `${args.scrapeIntervalSeconds}s`,
        },
        rule_files: args.rules.map((name) => `${RULES_DIRECTORY}/${name}`),
        alerting: { alertmanagers: [{ static_configs: [{ targets: [args.alertmanager] }] }] },
        scrape_configs: [
            { job_name: "prometheus", static_configs: [{ targets: [`localhost:${PROMETHEUS_PORT}`] }] },
            ...[...args.endpoints, args.prober].flatMap((endpoint) => podJobs(endpoint, args.namespace)),
            ...kubeletJobs(args.namespace),
            ...args.probes.map((probe) => probeJob(probe, `${args.prober.server}:${args.prober.port}`)),
        ],
    };
    return `${JSON.stringify(config, null, 2)}\n`;
}

/** Keeps apart what Prometheus says of two paths of one pod, such as `up`. */
function pathLabel(path: string): Json {
    return { target_label: "metrics_path", replacement: path };
}

/** An IPv6 address, which stands in brackets before a port. */
const IPV6 = "(.+:.+)";

/** One job a path, all under the tier's name. */
function podJobs(endpoint: MetricsEndpoint, ownNamespace: string): Json[] {
    const { server, serverLabels, namespace, port, paths } = endpoint;
    const selector = Object.entries(serverLabels).map(([key, value]) => `${key}=${value}`);
    return paths.map((path, index) => ({
        job_name: index === 0 ? server : `${server}${path.replaceAll("/", "-")}`,
        metrics_path: path,
        kubernetes_sd_configs: [
            {
                role: "pod",
                namespaces: { names: [namespace?.name ?? ownNamespace] },
                selectors: [{ role: "pod", label: selector.join(",") }],
            },
        ],
        relabel_configs: [
            // A pod that ended keeps its address until it is deleted.
            {
                source_labels: ["__meta_kubernetes_pod_phase"],
                regex: "Succeeded|Failed",
                action: "drop",
            },
            // By the address and not by the declared ports, which become one target so: charts do not declare all.
            {
                source_labels: ["__meta_kubernetes_pod_ip"],
                target_label: "__address__",
                replacement: `$1:${port}`,
            },
            {
                source_labels: ["__meta_kubernetes_pod_ip"],
                regex: IPV6,
                target_label: "__address__",
                replacement: `[$1]:${port}`,
            },
            // Not as `pod`, which is what kube-state-metrics calls the pods that it reports.
            { source_labels: ["__meta_kubernetes_pod_name"], target_label: "instance" },
            { target_label: "job", replacement: server },
            ...(paths.length > 1 ? [pathLabel(path)] : []),
        ],
    }));
}

/** What is kept of each kubelet: the pods' use of processor and memory, and how full their volumes are. */
const KUBELET_METRICS = {
    "/metrics": "kubelet_volume_stats_(available|capacity)_bytes",
    "/metrics/cadvisor":
        "container_(cpu_usage_seconds_total|cpu_cfs_periods_total|cpu_cfs_throttled_periods_total|" +
        "memory_working_set_bytes|spec_memory_limit_bytes|network_(receive|transmit)_bytes_total)",
} as const;

/** Scrapes the nodes' kubelets, for the pods of the namespace only. */
function kubeletJobs(namespace: string): Json[] {
    return Object.entries(KUBELET_METRICS).map(([path, kept]) => ({
        job_name: `kubelet${path.replaceAll("/", "-")}`,
        scheme: "https",
        metrics_path: path,
        authorization: { credentials_file: `${TOKEN_DIRECTORY}/token` },
        // Kubelets sign their own certificates unless a cluster was configured otherwise.
        tls_config: { insecure_skip_verify: true },
        kubernetes_sd_configs: [{ role: "node" }],
        relabel_configs: [{ target_label: "job", replacement: "kubelet" }, pathLabel(path)],
        metric_relabel_configs: [
            { source_labels: ["__name__"], regex: kept, action: "keep" },
            { source_labels: ["namespace"], regex: namespace, action: "keep" },
        ],
    }));
}

/** Has the exporter send the request; `up` is about the exporter, `probe_success` about the answer. */
function probeJob({ name, url, module }: ProbeTarget, prober: string): Json {
    return {
        job_name: `probe-${name}`,
        metrics_path: "/probe",
        params: { module: [module], target: [url] },
        static_configs: [{ targets: [prober] }],
        relabel_configs: [
            { target_label: "job", replacement: "probe" },
            { target_label: "probe", replacement: name },
        ],
    };
}
