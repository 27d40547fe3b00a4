import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { usableBytes } from "../../core/data/volumeUse";
import type { Exposure } from "../../core/network/exposure";
import type { Connection, MetricsEndpoint } from "../../core/links";
import type { Platform } from "../../core/platform";
import { container, type Resources } from "../../core/pod/pod";
import { httpCheck, probes } from "../../core/pod/probes";
import { statefulSet } from "../../core/pod/statefulSet";
import { Tier } from "../../core/tier";
import { NOBODY } from "../exporters/exporter";

/** Port of VictoriaLogs: writes, queries and its web page. */
export const VICTORIA_LOGS_PORT = 9428;
/** Where the logs are. */
const DATA_DIRECTORY = "/victoria-logs-data";

export interface VictoriaLogsArgs {
    readonly platform: Platform;
    /** Days for which lines are kept, as far as the volume holds them. */
    readonly retentionDays: number;
    /** Size of the volume, such as `10Gi`. */
    readonly storage: string;
    readonly service: Exposure;
    readonly resources: Resources;
}

/** Keeps the logs of all pods, and answers what is asked about them. See `logs.md`. */
export class VictoriaLogs extends Tier {
    /** What who writes or reads logs gets. */
    public readonly connection: Connection;
    public readonly metrics: MetricsEndpoint;

    public constructor(name: string, args: VictoriaLogsArgs, opts?: pulumi.ComponentResourceOptions) {
        super("monitoring:VictoriaLogs", name, args.platform, opts);
        this.metrics = this.metricsAt(VICTORIA_LOGS_PORT);
        this.link([]);
        const ports = { service: VICTORIA_LOGS_PORT, container: VICTORIA_LOGS_PORT };
        const service = this.expose(args.service, ports);
        const server = this.server(args);
        this.connection = this.connectionAt(VICTORIA_LOGS_PORT, [server, service]);
        this.registerOutputs({ service: name });
    }

    private server(args: VictoriaLogsArgs): kubernetes.apps.v1.StatefulSet {
        const { platform, tierName: name } = this;
        return new kubernetes.apps.v1.StatefulSet(
            name,
            statefulSet(this.metadata(name), {
                serviceName: name,
                replicas: 1,
                storage: args.storage,
                storageClass: platform.storageClass,
                pod: {
                    ...this.pods,
                    user: NOBODY,
                    containers: [
                        container({
                            name,
                            image: platform.images.reference("victoria-logs"),
                            command: serverCommand(args),
                            ports: { http: VICTORIA_LOGS_PORT },
                            resources: args.resources,
                            mounts: [{ name: "data", mountPath: DATA_DIRECTORY }],
                            probes: probes({
                                startup: httpCheck("/health"),
                                readiness: httpCheck("/health"),
                                liveness: httpCheck("/health"),
                            }),
                        }),
                    ],
                },
            }),
            this.child(platform.guard.options),
        );
    }
}

/** Flags: https://docs.victoriametrics.com/victorialogs/#list-of-command-line-flags */
function serverCommand({ retentionDays, storage }: VictoriaLogsArgs): string[] {
    return [
        "/victoria-logs-prod",
        `-httpListenAddr=:${VICTORIA_LOGS_PORT}`,
        // Beside IPv4, which it listens on in any case.
        "-enableTCP6",
        `-storageDataPath=${DATA_DIRECTORY}`,
        `-retentionPeriod=${retentionDays}d`,
        // A full volume would stop it: the oldest day goes first, whatever its age.
        `-retention.maxDiskSpaceUsageBytes=${usableBytes(storage)}`,
        "-loggerFormat=json",
    ];
}
