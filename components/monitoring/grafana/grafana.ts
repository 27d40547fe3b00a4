import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { configurationAnnotations } from "../../core/pod/configuration";
import { credentialsAnnotation, generatedLogin } from "../../core/data/credentials";
import { deployment } from "../../core/pod/deployment";
import { environment, fromSecret, plain } from "../../core/pod/environment";
import type { Exposure } from "../../core/network/exposure";
import type { Connection } from "../../core/links";
import type { Platform } from "../../core/platform";
import type { Resources } from "../../core/pod/pod";
import { httpCheck, probes } from "../../core/pod/probes";
import { Tier } from "../../core/tier";
import type { Files } from "../files";
import { dashboardProvider, dataSource } from "./grafanaConfig";
import { PROMETHEUS_PORT } from "../prometheus/prometheusConfig";

/** Port of Grafana. */
export const GRAFANA_PORT = 3000;
/** User of the official image (`grafana`). */
const GRAFANA_USER = 472;
const PROVISIONING_DIRECTORY = "/etc/grafana-provisioning";
const DASHBOARD_DIRECTORY = "/etc/grafana-dashboards";

export interface GrafanaArgs {
    readonly platform: Platform;
    readonly prometheus: Connection;
    readonly dashboards: Files;
    readonly service: Exposure;
    readonly resources: Resources;
}

/**
 * Dashboards. See `monitoring.md`.
 *
 * Without a volume: data source and dashboards are provisioned at each start, so that what is shown is what the project
 * holds; people's own dashboards belong into `dashboards/`.
 */
export class Grafana extends Tier {
    /** Name of the Secret with the administrator's `username` and `password`. */
    public readonly adminSecretName: string;
    /** What an Ingress gets. */
    public readonly connection: Connection;
    public readonly servicePort = GRAFANA_PORT;

    public constructor(name: string, args: GrafanaArgs, opts?: pulumi.ComponentResourceOptions) {
        super("monitoring:Grafana", name, args.platform, opts);
        this.adminSecretName = `${name}-admin`;
        this.link([args.prometheus]);
        const service = this.expose(args.service, { service: GRAFANA_PORT, container: GRAFANA_PORT });
        const secret = this.adminSecret();
        this.deployment(args, secret);
        this.connection = this.connectionAt(GRAFANA_PORT, [service]);
        this.registerOutputs({ service: name });
    }

    private adminSecret(): kubernetes.core.v1.Secret {
        const name = this.adminSecretName;
        return generatedLogin(name, this.tierName, this.platform, this, (password) => ({
            username: "admin",
            password,
        })).secret;
    }

    private deployment(args: GrafanaArgs, secret: kubernetes.core.v1.Secret): void {
        const { platform, tierName: name } = this;
        const provisioning = this.configurationFiles(
            PROVISIONING_DIRECTORY,
            {
                "datasource.json": dataSource(`http://${args.prometheus.server}:${PROMETHEUS_PORT}`),
                "dashboards.json": dashboardProvider(DASHBOARD_DIRECTORY),
            },
            name,
            "provisioning",
        );
        const dashboards = this.configurationFiles(
            DASHBOARD_DIRECTORY,
            args.dashboards,
            `${name}-dashboards`,
            "dashboards",
        );
        const answers = httpCheck("/api/health");
        new kubernetes.apps.v1.Deployment(
            name,
            deployment(this.metadata(name), {
                ...this.pods,
                user: GRAFANA_USER,
                replicas: 1,
                strategy: "Recreate",
                annotations: {
                    ...credentialsAnnotation(platform.credentialsEpoch),
                    ...configurationAnnotations(provisioning, dashboards),
                },
                volumes: [
                    {
                        ...provisioning.volume,
                        configMap: {
                            ...provisioning.volume.configMap,
                            items: [
                                { key: "datasource.json", path: "datasources/prometheus.yaml" },
                                { key: "dashboards.json", path: "dashboards/flts.yaml" },
                            ],
                        },
                    },
                    dashboards.volume,
                ],
                scratch: [{ name: "data", gibibytes: 1 }],
                container: {
                    name,
                    image: platform.images.reference("grafana"),
                    command: ["grafana", "server", "--homepath=/usr/share/grafana"],
                    environment: environment(
                        plain({
                            GF_PATHS_DATA: "/var/lib/grafana",
                            GF_PATHS_LOGS: "/tmp",
                            GF_PATHS_PLUGINS: "/var/lib/grafana/plugins",
                            GF_PATHS_PROVISIONING: PROVISIONING_DIRECTORY,
                            GF_LOG_MODE: "console",
                            GF_USERS_ALLOW_SIGN_UP: false,
                            // No way out is open to it: it would wait for answers that cannot come.
                            GF_ANALYTICS_REPORTING_ENABLED: false,
                            GF_ANALYTICS_CHECK_FOR_UPDATES: false,
                            GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: false,
                            GF_NEWS_NEWS_FEED_ENABLED: false,
                        }),
                        fromSecret(this.adminSecretName, {
                            GF_SECURITY_ADMIN_USER: "username",
                            GF_SECURITY_ADMIN_PASSWORD: "password",
                        }),
                    ),
                    ports: { http: GRAFANA_PORT },
                    resources: args.resources,
                    mounts: [
                        provisioning.mount,
                        dashboards.mount,
                        { name: "data", mountPath: "/var/lib/grafana" },
                    ],
                    probes: probes({
                        startup: answers,
                        readiness: answers,
                        liveness: answers,
                        startSeconds: 300,
                    }),
                },
            }),
            this.child({ dependsOn: [secret, ...args.prometheus.requires] }),
        );
    }
}
