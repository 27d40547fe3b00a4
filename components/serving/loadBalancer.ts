import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { configurationAnnotations } from "../core/pod/configuration";
import { deployment } from "../core/pod/deployment";
import { HAPROXY_USER } from "../core/pod/podSecurity";
import { plain } from "../core/pod/environment";
import type { Exposure } from "../core/network/exposure";
import { haproxyCommand } from "../core/network/haproxyListener";
import type { Connection } from "../core/links";
import { serviceHost, type Platform } from "../core/platform";
import type { Resources } from "../core/pod/pod";
import { httpCheck, probes } from "../core/pod/probes";
import { disruptionBudget } from "../core/pod/disruptionBudget";
import { Tier } from "../core/tier";
import { FRONTEND_PORT, haproxyConfig, METRICS_PORT, type Backend, type HaproxyArgs } from "./haproxyConfig";
import { INFERENCE_PORT, type Inference } from "./inference";

/** Port of the Service. */
export const LOAD_BALANCER_PORT = 80;
const CONFIG_DIRECTORY = "/etc/haproxy-flts";
/** Seconds until every node knows that a pod takes no more connections. */
const WITHDRAWAL_SECONDS = 5;
/** Seconds for the end of the process after the last request. */
const KILL_MARGIN_SECONDS = 5;

/** Limits of HAProxy, and the proxies that it trusts. */
type HaproxyLimits = Pick<
    HaproxyArgs,
    | "bodySeconds"
    | "maximumConnections"
    | "maximumServers"
    | "requestTimeoutSeconds"
    | "sourceLimits"
    | "threads"
    | "trustedProxies"
>;

export interface LoadBalancerArgs extends HaproxyLimits {
    readonly platform: Platform;
    /** The stable version. */
    readonly stable: Inference;
    /** A second version, and the share of requests that it gets, in percent. */
    readonly canary?: { readonly inference: Inference; readonly weight: number } | undefined;
    readonly replicas: number;
    readonly service: Exposure;
    readonly resources: Resources;
}

/** HAProxy in front of the inference pods. It tracks each pod and checks whether it is ready. */
export class LoadBalancer extends Tier {
    /** What a client of the forecast API gets; the variable is Locust's own. */
    public readonly connection: Connection;

    public constructor(name: string, args: LoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
        super("serving:LoadBalancer", name, args.platform, opts);
        const versions = [args.stable, ...(args.canary === undefined ? [] : [args.canary.inference])];
        this.link(versions.map(({ connection }) => connection));
        const service = this.expose(args.service, { service: LOAD_BALANCER_PORT, container: FRONTEND_PORT });
        this.deployment(args);
        disruptionBudget(name, this.metadata(name), this.podLabels, args.replicas, this.child());
        this.connection = {
            server: name,
            serverLabels: this.podLabels,
            ports: [FRONTEND_PORT],
            environment: plain({ LOCUST_HOST: `http://${name}:${LOAD_BALANCER_PORT}` }),
            requires: [service],
        };
        this.registerOutputs({ service: name });
    }

    private deployment(args: LoadBalancerArgs): void {
        const { platform, tierName: name } = this;
        const config = haproxyConfig({
            ...args,
            stable: this.backend(args.stable),
            canary: args.canary && { ...this.backend(args.canary.inference), weight: args.canary.weight },
            port: INFERENCE_PORT,
        });
        const configuration = this.configurationFiles(CONFIG_DIRECTORY, { "haproxy.cfg": config });
        // The balancer itself, not the pods behind it: without a model it must still answer, with 503.
        const answers = httpCheck("/healthz", "metrics");
        new kubernetes.apps.v1.Deployment(
            name,
            deployment(this.metadata(name), {
                ...this.pods,
                user: HAPROXY_USER,
                replicas: args.replicas,
                strategy: "RollingUpdate",
                annotations: configurationAnnotations(configuration),
                graceSeconds: WITHDRAWAL_SECONDS + args.requestTimeoutSeconds + KILL_MARGIN_SECONDS,
                volumes: [configuration.volume],
                container: {
                    name: "haproxy",
                    image: platform.images.reference("haproxy"),
                    command: haproxyCommand(`${CONFIG_DIRECTORY}/haproxy.cfg`),
                    ports: { http: FRONTEND_PORT, metrics: METRICS_PORT },
                    resources: args.resources,
                    mounts: [configuration.mount],
                    probes: probes({
                        startup: answers,
                        readiness: answers,
                        liveness: answers,
                        // Until it has asked for the pods' addresses, and each pod whether it is ready.
                        settleSeconds: 3,
                    }),
                    // SIGTERM cuts requests off. So: wait until no new ones come, then SIGUSR1, which lets the
                    // others end; the hook is over when the process is.
                    preStop: [
                        "/bin/sh",
                        "-c",
                        `sleep ${WITHDRAWAL_SECONDS}; kill -USR1 1; sleep ${args.requestTimeoutSeconds}`,
                    ],
                },
            }),
            this.child(),
        );
    }

    private backend(inference: Inference): Backend {
        return { name: inference.tierName, host: serviceHost(this.platform, inference.headlessName) };
    }
}
