import type { MetricsEndpoint } from "../../components/core/links";
import type { Platform } from "../../components/core/platform";
import { Alertmanager } from "../../components/monitoring/alertmanager/alertmanager";
import { PROBE_MODULES } from "../../components/monitoring/exporters/exporterConfig";
import { blackboxExporter, kubeStateMetrics } from "../../components/monitoring/exporters/exporters";
import { dashboardFiles, ruleFiles } from "../../components/monitoring/files";
import { Grafana } from "../../components/monitoring/grafana/grafana";
import { LogCollector } from "../../components/monitoring/logs/logCollector";
import { Prometheus } from "../../components/monitoring/prometheus/prometheus";
import type { ProbeTarget } from "../../components/monitoring/prometheus/prometheusConfig";
import { VictoriaLogs } from "../../components/monitoring/logs/victoriaLogs";
import type { Settings } from "../settings/parsed/settings";
import type { Infrastructure } from "./providedInfrastructure";

/** What watches all the others. */
export interface Monitoring {
    readonly prometheus: Prometheus;
    /** Undefined where it is switched off. */
    readonly grafana: Grafana | undefined;
    /** Undefined where logs are not collected. */
    readonly logs: VictoriaLogs | undefined;
}

/**
 * Prometheus, the alerts' way out, and dashboards; undefined when another stack has them.
 *
 * @param endpoints of the pipeline and the serving tier.
 */
export function deployMonitoring(
    settings: Settings,
    platform: Platform,
    { mlflow, metrics }: Infrastructure,
    endpoints: readonly MetricsEndpoint[],
): Monitoring | undefined {
    if (!settings.layers.includes("monitoring")) {
        return undefined;
    }
    const { grafana, logs, webhook, storage, ...server } = settings.monitoring;
    const { existingSecret, port } = webhook;
    const alertmanager = new Alertmanager("alertmanager", {
        platform,
        webhook: existingSecret === undefined ? undefined : { secret: existingSecret, port },
    });
    const collected = deployLogs(logs, platform);
    const prometheus = new Prometheus("prometheus", {
        platform,
        ...server,
        endpoints: [...metrics, ...endpoints, ...collected.metrics, kubeStateMetrics(platform).metrics],
        prober: blackboxExporter(platform, [mlflow.connection]).metrics,
        probes: probesOf(settings, mlflow.trackingUri),
        alertmanager: alertmanager.connection,
        rules: ruleFiles(),
        storage,
    });
    return {
        prometheus,
        grafana: grafana.enabled
            ? new Grafana("grafana", {
                  platform,
                  prometheus: prometheus.connection,
                  dashboards: dashboardFiles(),
                  ...grafana,
              })
            : undefined,
        logs: collected.server,
    };
}

/** VictoriaLogs, and what sends it the pods' logs. */
function deployLogs(
    { enabled, storage, ...args }: Settings["monitoring"]["logs"],
    platform: Platform,
): { readonly server: VictoriaLogs | undefined; readonly metrics: readonly MetricsEndpoint[] } {
    if (!enabled) {
        return { server: undefined, metrics: [] };
    }
    const server = new VictoriaLogs("victoria-logs", {
        platform,
        ...args,
        storage,
    });
    const collector = new LogCollector("log-collector", { platform, store: server.connection });
    return { server, metrics: [server.metrics, collector.metrics] };
}

/** What is asked from outside: a server without metrics of its own, and the certificates that can end. */
function probesOf({ ingress }: Settings, trackingUri: string): ProbeTarget[] {
    const hosts =
        ingress.enabled && ingress.encrypted
            ? [ingress.hosts.api, ingress.mlflow?.host, ingress.hosts.grafana]
            : [];
    return [
        { name: "mlflow", url: `${trackingUri}/health`, module: PROBE_MODULES.http },
        {
            name: "kubernetes-api",
            url: "https://kubernetes.default.svc/readyz",
            module: PROBE_MODULES.clusterTls,
        },
        ...hosts
            .filter((host) => host !== undefined)
            .map((host) => ({ name: host, url: `https://${host}/`, module: PROBE_MODULES.publicTls })),
    ];
}
