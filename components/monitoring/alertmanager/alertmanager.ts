import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { existingSecretValue } from "../../core/data/credentials";
import { deployment } from "../../core/pod/deployment";
import { outside, type Connection } from "../../core/links";
import type { Platform } from "../../core/platform";
import { httpCheck, probes } from "../../core/pod/probes";
import { Tier } from "../../core/tier";
import { NOBODY } from "../exporters/exporter";
import { alertmanagerConfig } from "../exporters/exporterConfig";

/** Port of Alertmanager. */
const ALERTMANAGER_PORT = 9093;
const CONFIG_DIRECTORY = "/etc/alertmanager-flts";

/** Where alerts are posted. */
export interface Webhook {
    /** Secret of the namespace with the address under the key `url`: addresses of chat services hold a token. */
    readonly secret: string;
    /** Port of the address, which the network policies have to name. */
    readonly port: number;
}

export interface AlertmanagerArgs {
    readonly platform: Platform;
    /** Undefined shows alerts and sends them nowhere. */
    readonly webhook: Webhook | undefined;
}

/**
 * Groups alerts and posts them. See `monitoring.md`.
 *
 * Without a volume: silences end with the pod, and alerts that still hold are reported again.
 */
export class Alertmanager extends Tier {
    /** What Prometheus gets. */
    public readonly connection: Connection;

    public constructor(name: string, args: AlertmanagerArgs, opts?: pulumi.ComponentResourceOptions) {
        super("monitoring:Alertmanager", name, args.platform, opts);
        this.link(args.webhook === undefined ? [] : [outside(args.webhook.port)]);
        new kubernetes.core.v1.Service(
            name,
            {
                metadata: this.metadata(name),
                spec: {
                    selector: { ...this.podLabels },
                    ports: [{ name: "http", port: ALERTMANAGER_PORT, targetPort: "http" }],
                },
            },
            this.child(),
        );
        const configuration = this.configuration(args.webhook);
        const deployment = this.deployment(configuration);
        this.connection = this.connectionAt(ALERTMANAGER_PORT, [deployment]);
        this.registerOutputs({ service: name });
    }

    /** A Secret and no ConfigMap, as it may hold the webhook's address. */
    private configuration(webhook: Webhook | undefined): kubernetes.core.v1.Secret {
        const url =
            webhook === undefined
                ? undefined
                : existingSecretValue(
                      kubernetes.core.v1.Secret.get(
                          webhook.secret,
                          pulumi.interpolate`${this.platform.namespace}/${webhook.secret}`,
                          this.child(),
                      ),
                      "url",
                  );
        return new kubernetes.core.v1.Secret(
            this.tierName,
            {
                metadata: this.metadata(this.tierName),
                stringData: { "alertmanager.json": pulumi.output(url).apply(alertmanagerConfig) },
            },
            this.child({ additionalSecretOutputs: ["stringData", "data"] }),
        );
    }

    private deployment(configuration: kubernetes.core.v1.Secret): kubernetes.apps.v1.Deployment {
        const { platform, tierName: name } = this;
        return new kubernetes.apps.v1.Deployment(
            name,
            deployment(this.metadata(name), {
                ...this.pods,
                user: NOBODY,
                replicas: 1,
                strategy: "Recreate",
                volumes: [{ name: "config", secret: { secretName: configuration.metadata.name } }],
                scratch: [{ name: "data", gibibytes: 1 }],
                container: {
                    name,
                    image: platform.images.reference("alertmanager"),
                    command: [
                        "alertmanager",
                        `--config.file=${CONFIG_DIRECTORY}/alertmanager.json`,
                        "--storage.path=/alertmanager",
                        // One instance: the protocol among several would only open a port.
                        "--cluster.listen-address=",
                    ],
                    ports: { http: ALERTMANAGER_PORT },
                    resources: {
                        requests: { cpu: "10m", memory: "32Mi" },
                        limits: { cpu: "200m", memory: "128Mi" },
                    },
                    mounts: [
                        { name: "config", mountPath: CONFIG_DIRECTORY, readOnly: true },
                        { name: "data", mountPath: "/alertmanager" },
                    ],
                    probes: probes({
                        startup: httpCheck("/-/ready"),
                        readiness: httpCheck("/-/ready"),
                        liveness: httpCheck("/-/healthy"),
                    }),
                },
            }),
            this.child(),
        );
    }
}
