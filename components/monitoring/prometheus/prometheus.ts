import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { configurationAnnotations } from "../../core/pod/configuration";
import { usableBytes } from "../../core/data/volumeUse";
import type { Exposure } from "../../core/network/exposure";
import { scrapeConnection, type Connection, type MetricsEndpoint } from "../../core/links";
import { readRules } from "../../core/permissions";
import type { Platform } from "../../core/platform";
import { container, type Resources } from "../../core/pod/pod";
import { httpCheck, probes } from "../../core/pod/probes";
import { statefulSet } from "../../core/pod/statefulSet";
import { Tier } from "../../core/tier";
import { KUBELETS } from "../../core/network/clusterNetwork";
import type { Files } from "../files";
import { NOBODY } from "../exporters/exporter";
import {
    CONFIG_DIRECTORY,
    PROMETHEUS_PORT,
    prometheusConfig,
    RULES_DIRECTORY,
    type ProbeTarget,
} from "./prometheusConfig";

/** Where the samples are. */
const DATA_DIRECTORY = "/prometheus";

export interface PrometheusArgs {
    readonly platform: Platform;
    readonly endpoints: readonly MetricsEndpoint[];
    readonly probes: readonly ProbeTarget[];
    /** Sends the probes. */
    readonly prober: MetricsEndpoint;
    readonly alertmanager: Connection;
    /** Alert rules. */
    readonly rules: Files;
    readonly scrapeIntervalSeconds: number;
    readonly retentionDays: number;
    /** Size of the volume, such as `10Gi`. */
    readonly storage: string;
    readonly service: Exposure;
    readonly resources: Resources;
}

/** Scrapes every tier, keeps the samples and evaluates the alert rules. See `monitoring.md`. */
export class Prometheus extends Tier {
    /** What a reader of the metrics gets. */
    public readonly connection: Connection;

    public constructor(name: string, args: PrometheusArgs, opts?: pulumi.ComponentResourceOptions) {
        super("monitoring:Prometheus", name, args.platform, opts);
        const scraped = [...args.endpoints, args.prober].map(scrapeConnection);
        this.link([...scraped, args.alertmanager, args.platform.network.apiServer, KUBELETS]);
        const elsewhere = args.endpoints.flatMap(({ namespace }) =>
            namespace === undefined ? [] : [namespace],
        );
        const permissions = [
            ...[undefined, ...elsewhere].flatMap((other) => this.allowReading({ "": ["pods"] }, other)),
            // To find nodes and read their kubelets' metrics.
            ...this.allowInCluster([
                ...readRules({ "": ["nodes"] }),
                { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
            ]),
        ];
        const service = this.expose(args.service, { service: PROMETHEUS_PORT, container: PROMETHEUS_PORT });
        const server = this.server(args, permissions);
        this.connection = this.connectionAt(PROMETHEUS_PORT, [server, service]);
        this.registerOutputs({ service: name });
    }

    private server(args: PrometheusArgs, permissions: pulumi.Resource[]): kubernetes.apps.v1.StatefulSet {
        const { platform, tierName: name } = this;
        const text = prometheusConfig({
            namespace: this.platform.namespaceName,
            scrapeIntervalSeconds: args.scrapeIntervalSeconds,
            endpoints: args.endpoints,
            probes: args.probes,
            prober: args.prober,
            alertmanager: `${args.alertmanager.server}:${String(args.alertmanager.ports[0])}`,
            rules: Object.keys(args.rules),
        });
        const config = this.configurationFiles(CONFIG_DIRECTORY, { "prometheus.json": text });
        const rules = this.configurationFiles(RULES_DIRECTORY, args.rules, `${name}-rules`, "rules");
        return new kubernetes.apps.v1.StatefulSet(
            name,
            statefulSet(this.metadata(name), {
                serviceName: name,
                replicas: 1,
                storage: args.storage,
                storageClass: platform.storageClass,
                pod: {
                    ...this.pods,
                    apiToken: true,
                    user: NOBODY,
                    annotations: configurationAnnotations(config, rules),
                    // Time to write what is in memory.
                    graceSeconds: 60,
                    containers: [
                        container({
                            name,
                            image: platform.images.reference("prometheus"),
                            command: serverCommand(args),
                            ports: { http: PROMETHEUS_PORT },
                            resources: args.resources,
                            mounts: [config.mount, rules.mount, { name: "data", mountPath: DATA_DIRECTORY }],
                            probes: probes({
                                startup: httpCheck("/-/ready"),
                                readiness: httpCheck("/-/ready"),
                                liveness: httpCheck("/-/healthy"),
                                // Replaying the log of a large database takes minutes.
                                startSeconds: 600,
                            }),
                        }),
                    ],
                    volumes: [config.volume, rules.volume],
                },
            }),
            this.child({ ...platform.guard.options, dependsOn: permissions }),
        );
    }
}

function serverCommand({ retentionDays, storage }: PrometheusArgs): string[] {
    return [
        "prometheus",
        `--config.file=${CONFIG_DIRECTORY}/prometheus.json`,
        `--storage.tsdb.path=${DATA_DIRECTORY}`,
        `--storage.tsdb.retention.time=${retentionDays}d`,
        // A full volume would stop it: the oldest samples go first, whatever their age.
        `--storage.tsdb.retention.size=${usableBytes(storage)}B`,
    ];
}
