/** Port on which requests arrive. */
export const FRONTEND_PORT = 8080;
/** Port of health and Prometheus metrics, for the cluster only. */
export const METRICS_PORT = 8404;

export interface HaproxyArgs {
    /** Host name of the headless Service, fully qualified: HAProxy's resolver has no search domains. */
    readonly backendHost: string;
    readonly backendPort: number;
    /** Pods that are used at most; further ones are ignored, so this is the autoscaler's maximum. */
    readonly maximumServers: number;
    /** Connections that are accepted at a time. */
    readonly maximumConnections: number;
    /** Seconds a request may take. */
    readonly requestTimeoutSeconds: number;
}

/**
 * HAProxy's configuration: one slot a pod, filled and emptied as the headless Service's DNS answer changes.
 *
 * There is no statistics page and no admin socket: nothing on the network can change the balancer.
 * Reference: https://docs.haproxy.org/2.6/configuration.html
 */
export function haproxyConfig(args: HaproxyArgs): string {
    return [
        ...globalSection(args),
        "",
        ...defaultsSection(args),
        "",
        ...resolversSection(),
        "",
        "frontend inference",
        `    bind :${FRONTEND_PORT}`,
        "    default_backend inference",
        "",
        ...backendSection(args),
        "",
        "frontend observation",
        `    bind :${METRICS_PORT}`,
        "    option dontlog-normal",
        "    monitor-uri /healthz",
        "    http-request use-service prometheus-exporter if { path /metrics }",
        "    http-request deny deny_status 404",
        "",
    ].join("\n");
}

function globalSection(args: HaproxyArgs): string[] {
    return [
        "global",
        "    log stdout format raw local0 info",
        `    maxconn ${args.maximumConnections}`,
        "    # Connections that clients keep open must not hold a rollout up.",
        "    hard-stop-after 20s",
    ];
}

function defaultsSection(args: HaproxyArgs): string[] {
    return [
        "defaults",
        "    mode http",
        "    log global",
        "    option httplog",
        "    option dontlognull",
        "    option http-keep-alive",
        "    timeout connect 2s",
        "    timeout http-request 10s",
        "    timeout http-keep-alive 30s",
        `    timeout client ${args.requestTimeoutSeconds}s`,
        `    timeout server ${args.requestTimeoutSeconds}s`,
        "    timeout queue 5s",
    ];
}

function resolversSection(): string[] {
    return [
        "resolvers cluster",
        "    parse-resolv-conf",
        "    # Twenty addresses do not fit into the 512 bytes of plain DNS.",
        "    accepted_payload_size 8192",
        "    timeout resolve 1s",
        "    timeout retry 1s",
        "    hold valid 2s",
        "    # A lost answer of the cluster's DNS must not empty the backend.",
        "    hold timeout 30s",
        "    hold refused 30s",
        "    hold other 30s",
        "    hold nx 5s",
        "    hold obsolete 5s",
    ];
}

function backendSection(args: HaproxyArgs): string[] {
    return [
        "backend inference",
        "    balance leastconn",
        "    # Only /ready says that a model is loaded and answers; /healthz is true before that.",
        "    option httpchk",
        "    http-check send meth GET uri /ready ver HTTP/1.1 hdr Host inference",
        "    http-check expect status 200",
        "    # A forecast changes nothing, so a request may be sent to another pod when the first one is gone.",
        "    option redispatch 1",
        "    retries 3",
        "    retry-on conn-failure empty-response response-timeout",
        "    default-server check inter 1s fastinter 500ms rise 1 fall 2 observe layer4 on-error mark-down " +
            "resolvers cluster resolve-prefer ipv4 init-addr none",
        `    server-template inference- 1-${args.maximumServers} ${args.backendHost}:${args.backendPort}`,
    ];
}
