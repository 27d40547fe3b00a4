import { clientAnnotations } from "../../core/data/credentials";
import { environment, plain } from "../../core/pod/environment";
import type { Connection } from "../../core/links";
import type { Platform } from "../../core/platform";
import type { Resources } from "../../core/pod/pod";
import { SERVICE_USER } from "../../core/pod/podSecurity";
import { HEALTH_PORT } from "../../contract";
import { Exporter } from "./exporter";
import { BLACKBOX_CONFIG_DIRECTORY, blackboxConfig, CLUSTER_AUTHORITY_DIRECTORY } from "./exporterConfig";

/** Exporters answer a request in 15 s and are idle else. */
function small(memory: string, most: string): Resources {
    return { requests: { cpu: "10m", memory }, limits: { cpu: "200m", memory: most } };
}

/** What the Kubernetes API knows of the namespace's workloads: replicas, restarts, failed Jobs, the autoscaler. */
export function kubeStateMetrics(platform: Platform): Exporter {
    const reads = {
        "": ["persistentvolumeclaims", "pods"],
        apps: ["deployments", "statefulsets"],
        autoscaling: ["horizontalpodautoscalers"],
        batch: ["cronjobs", "jobs"],
    };
    return new Exporter("kube-state-metrics", {
        platform,
        image: platform.images.reference("kube-state-metrics"),
        command: [
            "/kube-state-metrics",
            "--port=8080",
            "--telemetry-port=8081",
            // Without it every object of the cluster would be asked for, and refused.
            `--namespaces=${platform.namespaceName}`,
            `--resources=${Object.values(reads).flat().join(",")}`,
        ],
        connections: [platform.network.apiServer],
        reads,
        port: 8080,
        healthPath: "/healthz",
        resources: small("32Mi", "128Mi"),
    });
}

/** PostgreSQL's statistics. */
export function postgresExporter(platform: Platform, statistics: Connection): Exporter {
    return new Exporter("postgres-exporter", {
        platform,
        image: platform.images.reference("postgres-exporter"),
        command: ["postgres_exporter"],
        environment: environment(statistics.environment),
        annotations: clientAnnotations(platform),
        connections: [statistics],
        port: 9187,
        healthPath: "/",
        resources: small("24Mi", "96Mi"),
    });
}

/** How far Kafka's consumer groups are behind. */
export function lagExporter(platform: Platform, kafka: Connection): Exporter {
    return new Exporter("kafka-lag", {
        platform,
        image: platform.images.reference("preprocess"),
        command: ["python", "-m", "flts.lag"],
        environment: environment(
            kafka.environment,
            plain({ HOME: "/tmp", LOG_LEVEL: platform.logLevel, HEALTH_PORT }),
        ),
        user: SERVICE_USER,
        annotations: clientAnnotations(platform),
        connections: [kafka],
        port: HEALTH_PORT,
        healthPath: "/healthz",
        resources: small("64Mi", "192Mi"),
    });
}

/**
 * Sends requests as a client would, for what exposes no metrics.
 *
 * @param probed what it may reach, besides the Kubernetes API.
 */
export function blackboxExporter(platform: Platform, probed: readonly Connection[]): Exporter {
    return new Exporter("blackbox-exporter", {
        platform,
        image: platform.images.reference("blackbox-exporter"),
        command: ["blackbox_exporter", `--config.file=${BLACKBOX_CONFIG_DIRECTORY}/blackbox.json`],
        configuration: {
            directory: BLACKBOX_CONFIG_DIRECTORY,
            files: { "blackbox.json": blackboxConfig() },
        },
        // Kubernetes puts its authority into every namespace.
        volumes: [{ name: "authority", configMap: { name: "kube-root-ca.crt" } }],
        mounts: [{ name: "authority", mountPath: CLUSTER_AUTHORITY_DIRECTORY, readOnly: true }],
        connections: [...probed, platform.network.apiServer],
        port: 9115,
        healthPath: "/-/healthy",
        resources: small("24Mi", "96Mi"),
    });
}
