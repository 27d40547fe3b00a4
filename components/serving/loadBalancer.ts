import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { contentHash } from "../core/contentHash";
import { exposedService, reachableFromOutside, type Exposure } from "../core/exposure";
import { serviceHost, type Platform } from "../core/platform";
import { container, podTemplate, type Resources } from "../core/pod";
import { httpCheck, probes } from "../core/probes";
import { disruptionBudget } from "../core/replicas";
import { Tier } from "../core/tier";
import { FRONTEND_PORT, haproxyConfig, METRICS_PORT } from "./haproxyConfig";
import { INFERENCE_PORT, type Inference } from "./inference";

/** User of the official image (`haproxy`). */
const HAPROXY_USER = 99;
/** Port of the Service. */
export const LOAD_BALANCER_PORT = 80;
const CONFIG_DIRECTORY = "/etc/haproxy-flts";

export interface LoadBalancerArgs {
    readonly platform: Platform;
    readonly inference: Inference;
    readonly replicas: number;
    /** Inference pods that are used at most. */
    readonly maximumServers: number;
    readonly maximumConnections: number;
    readonly requestTimeoutSeconds: number;
    readonly service: Exposure;
    readonly resources: Resources;
}

/** HAProxy before the inference pods. It knows the pods themselves and asks each whether it is ready. */
export class LoadBalancer extends Tier {
    public constructor(name: string, args: LoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
        super("serving:LoadBalancer", name, args.platform, opts);
        this.link([args.inference.connection]);
        if (reachableFromOutside(args.service)) {
            this.openToOutside([FRONTEND_PORT]);
        }
        new kubernetes.core.v1.Service(
            name,
            {
                metadata: this.metadata(name),
                spec: exposedService(args.service, this.podLabels, {
                    name: "http",
                    port: LOAD_BALANCER_PORT,
                    targetPort: "http",
                }),
            },
            this.child(),
        );
        this.deployment(args);
        disruptionBudget(name, this.metadata(name), this.podLabels, args.replicas, this.child());
        this.registerOutputs({ service: name });
    }

    private deployment(args: LoadBalancerArgs): void {
        const { platform, tierName: name } = this;
        const config = haproxyConfig({
            backendHost: serviceHost(platform, args.inference.headlessName),
            backendPort: INFERENCE_PORT,
            maximumServers: args.maximumServers,
            maximumConnections: args.maximumConnections,
            requestTimeoutSeconds: args.requestTimeoutSeconds,
        });
        const map = new kubernetes.core.v1.ConfigMap(
            name,
            { metadata: this.metadata(name), data: { "haproxy.cfg": config } },
            this.child(),
        );
        // The balancer itself, not the pods behind it: without a model it must still answer, with 503.
        const answers = httpCheck("/healthz", "metrics");
        new kubernetes.apps.v1.Deployment(
            name,
            {
                metadata: this.metadata(name),
                spec: {
                    replicas: args.replicas,
                    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
                    selector: { matchLabels: { ...this.podLabels } },
                    template: podTemplate({
                        labels: this.podLabels,
                        serviceAccountName: this.serviceAccount.metadata.name,
                        user: HAPROXY_USER,
                        annotations: { "flts.io/config-checksum": contentHash(config) },
                        graceSeconds: 40,
                        spread: true,
                        containers: [
                            container({
                                name: "haproxy",
                                image: platform.images.reference("haproxy"),
                                command: ["haproxy", "-W", "-db", "-f", `${CONFIG_DIRECTORY}/haproxy.cfg`],
                                ports: { http: FRONTEND_PORT, metrics: METRICS_PORT },
                                resources: args.resources,
                                mounts: [{ name: "config", mountPath: CONFIG_DIRECTORY, readOnly: true }],
                                probes: probes({ startup: answers, readiness: answers, liveness: answers }),
                                // SIGTERM cuts requests off. So: wait until no new ones come, then SIGUSR1, which
                                // lets the others end; the hook is over when the process is.
                                preStop: ["/bin/sh", "-c", "sleep 3; kill -USR1 1; sleep 25"],
                            }),
                        ],
                        volumes: [{ name: "config", configMap: { name: map.metadata.name } }],
                    }),
                },
            },
            this.child(),
        );
    }
}
