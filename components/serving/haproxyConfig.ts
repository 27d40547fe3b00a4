import { listenOn } from "../core/network/haproxyListener";

/** Port on which requests arrive. */
export const FRONTEND_PORT = 8080;
/** Port of health and Prometheus metrics, for the cluster only. */
export const METRICS_PORT = 8404;

/** Requests a pod works on at a time; more wait here, where the next free pod takes them. */
const REQUESTS_PER_POD = 256;
/** Files of the page at `/`. */
export const PAGE_FILES = ["chart.js", "page.css", "page.js", "rows.js"] as const;
/**
 * What clients may request. Everything else, such as /metrics, /ready and /docs, is available inside the cluster only, from
 * the pods. A path in another notation (/%70redict, //predict) is another path.
 */
export const PUBLIC_PATHS = [
    "/",
    "/predict",
    "/rows",
    "/model",
    "/series",
    "/healthz",
    ...PAGE_FILES.map((file) => `/assets/${file}`),
] as const;
/** Entries of the stick-tables; the least recently used source is removed first. An entry takes about 100 bytes. */
const TABLE_SIZE = "50k";
/** Stick-tables of connections and of requests, by source. */
const CONNECTIONS = "source_connections";
const REQUESTS = "source_requests";
/** A client is an IPv4 address, or the /64 network that one IPv6 host is given. */
const SOURCE = "src,ipmask(32,64)";

/** What one source may do at a time. */
export interface SourceLimits {
    readonly requestsPerSecond: number;
    /** Connections at a time, and also requests under way where they come through a trusted proxy. */
    readonly connections: number;
}

/** Pods that serve one version of the forecast API. */
export interface Backend {
    /** Name of the backend in metrics and logs. */
    readonly name: string;
    /** Host name of the headless Service, fully qualified: HAProxy's resolver has no search domains. */
    readonly host: string;
}

export interface HaproxyArgs {
    readonly stable: Backend;
    /** A second version, and the share of requests that it gets, in percent. */
    readonly canary?: (Backend & { readonly weight: number }) | undefined;
    /** Port of the pods of both. */
    readonly port: number;
    /** Pods of each backend that are used at most: the autoscaler's maximum, and one more for rollouts. */
    readonly maximumServers: number;
    /** Connections that are accepted at a time. */
    readonly maximumConnections: number;
    /** Seconds a request may take, and so the seconds that a stop waits for requests under way. */
    readonly requestTimeoutSeconds: number;
    /** Seconds that a request may take to arrive: its head, and its body as far as HAProxy buffers it. */
    readonly bodySeconds: number;
    readonly sourceLimits: SourceLimits;
    /** Networks of proxies whose last X-Forwarded-For entry is the source. */
    readonly trustedProxies: readonly string[];
    /** Threads; HAProxy's own choice is one for each core of the node, whatever the pod's limit. */
    readonly threads: number;
}

/**
 * HAProxy's configuration: one slot a pod, filled and emptied as the headless Service's DNS answer changes.
 *
 * There is no statistics page and no admin socket: nothing on the network can change the balancer.
 * Reference: https://docs.haproxy.org/3.0/configuration.html
 */
export function haproxyConfig(args: HaproxyArgs): string {
    const { stable, canary } = args;
    const sections = [
        globalSection(args),
        defaultsSection(args),
        resolversSection(),
        frontendSection(args),
        backendSection(stable.name, [serverTemplate(args, stable)]),
        ...(canary === undefined
            ? []
            : [
                  backendSection(canary.name, [
                      serverTemplate(args, canary),
                      "# Nobody is to notice a canary that fails: without a ready pod of its own, stable ones take over.",
                      "option allbackups",
                      `${serverTemplate(args, stable)} backup`,
                  ]),
              ]),
        [`backend ${CONNECTIONS}`, `stick-table type ipv6 size ${TABLE_SIZE} expire 60s store conn_cur`],
        [
            `backend ${REQUESTS}`,
            `stick-table type ipv6 size ${TABLE_SIZE} expire 60s store http_req_rate(1s),conn_cur`,
        ],
        observationSection(),
    ] satisfies Section[];
    return sections
        .map(([head, ...lines]) => [head, ...lines.map((line) => `    ${line}`), ""].join("\n"))
        .join("\n");
}

type Section = readonly [head: string, ...lines: string[]];

function globalSection(args: HaproxyArgs): Section {
    return [
        "global",
        "log stdout format raw local0 info",
        `maxconn ${args.maximumConnections}`,
        `nbthread ${args.threads}`,
        "# Connections that clients keep open must not hold a rollout up.",
        `hard-stop-after ${args.requestTimeoutSeconds}s`,
    ];
}

function defaultsSection(args: HaproxyArgs): Section {
    return [
        "defaults",
        "mode http",
        "log global",
        "option httplog",
        "option dontlognull",
        "option http-keep-alive",
        "timeout connect 2s",
        `timeout http-request ${args.bodySeconds}s`,
        "timeout http-keep-alive 15s",
        `timeout client ${args.requestTimeoutSeconds}s`,
        `timeout server ${args.requestTimeoutSeconds}s`,
        "# Longer than a busy pod takes: overload that looks like death would move on to the next pod.",
        "timeout check 3s",
        "timeout queue 5s",
        "# A request of someone who left is not worth a pod's time.",
        "option abortonclose",
    ];
}

function resolversSection(): Section {
    return [
        "resolvers cluster",
        "parse-resolv-conf",
        "# Twenty addresses do not fit into the 512 bytes of plain DNS.",
        "accepted_payload_size 8192",
        "timeout resolve 1s",
        "timeout retry 1s",
        "hold valid 2s",
        "# A lost answer of the cluster's DNS must not empty the backend.",
        "hold timeout 30s",
        "hold refused 30s",
        "hold other 30s",
        "hold nx 5s",
        "hold obsolete 5s",
    ];
}

/** Limits each source, and allows clients only the public paths. */
function admission({ sourceLimits, trustedProxies }: HaproxyArgs): readonly string[] {
    const proxied = trustedProxies.length > 0;
    const { connections, requestsPerSecond } = sourceLimits;
    return [
        "# A request is given to a pod when it has arrived, so that slow senders take no pod's time.",
        "option http-buffer-request",
        "# After an answer HAProxy reads on for as long as the sender sends: a slow one is closed without an answer.",
        "errorfile 408 /dev/null",
        ...(proxied ? [`acl proxied src ${trustedProxies.join(" ")}`] : []),
        `tcp-request connection track-sc0 ${SOURCE} table ${CONNECTIONS}${proxied ? " unless proxied" : ""}`,
        `tcp-request connection reject if { sc_conn_cur(0,${CONNECTIONS}) gt ${connections} }`,
        ...(proxied
            ? [
                  "# The last entry is the trusted proxy's own; the client wrote those before it.",
                  "http-request set-src hdr_ip(x-forwarded-for,-1) if proxied { hdr_ip(x-forwarded-for,-1) -m found }",
              ]
            : []),
        `http-request track-sc1 ${SOURCE} table ${REQUESTS}`,
        `acl too_many sc_http_req_rate(1,${REQUESTS}) gt ${requestsPerSecond}`,
        `acl too_many sc_conn_cur(1,${REQUESTS}) gt ${connections}`,
        refusal(429, "too many requests of one source; try again later", "too_many", "hdr Retry-After 1"),
        `acl public path ${PUBLIC_PATHS.join(" ")}`,
        refusal(404, "Not Found", "!public"),
    ];
}

/** Error responses in the format of the API. */
function refusal(status: number, detail: string, condition: string, headers = ""): string {
    const content = `content-type application/json string '{"detail":"${detail}"}'`;
    return `http-request deny deny_status ${status} ${content} ${headers} if ${condition}`.replace(
        / +/g,
        " ",
    );
}

function frontendSection(args: HaproxyArgs): Section {
    const { stable, canary } = args;
    return [
        "frontend inference",
        ...listenOn(FRONTEND_PORT),
        "# Metrics count every request; the log has those that went wrong or had to be repeated.",
        "option dontlog-normal",
        "# At a stop, idle clients learn it with their next answer instead of being cut off while they ask.",
        "option idle-close-on-response",
        ...admission(args),
        "# Requests that change nothing may be repeated whatever happened; others only where no pod saw them.",
        "http-request disable-l7-retry if !METH_GET !{ path /predict }",
        ...(canary === undefined || canary.weight === 0
            ? []
            : [`use_backend ${canary.name} if { rand(100) lt ${canary.weight} }`]),
        `default_backend ${stable.name}`,
    ];
}

function backendSection(name: string, servers: readonly string[]): Section {
    return [
        `backend ${name}`,
        "balance leastconn",
        "# Only /ready says that a model is loaded and answers; /healthz is true before that.",
        "option httpchk",
        "http-check send meth GET uri /ready ver HTTP/1.1 hdr Host inference",
        "http-check expect status 200",
        "# Idle connections of a killed pod may cost a try each. Not more: a request that crashes pods is repeated as well.",
        "retries 5",
        "option redispatch 1",
        "# Not after a timeout: repeating what overloads a pod would overload the next one too.",
        "retry-on conn-failure empty-response",
        "# A pod that takes no connection is gone; its check brings it back as soon as it answers again.",
        "default-server check inter 1s fastinter 500ms rise 1 fall 3 observe layer4 error-limit 1 on-error mark-down",
        `default-server maxconn ${REQUESTS_PER_POD} resolvers cluster resolve-prefer ipv4 init-addr none`,
        ...servers,
    ];
}

function serverTemplate({ port, maximumServers }: HaproxyArgs, { name, host }: Backend): string {
    return `server-template ${name}- 1-${maximumServers} ${host}:${port}`;
}

function observationSection(): Section {
    return [
        "frontend observation",
        ...listenOn(METRICS_PORT),
        "option dontlog-normal",
        "monitor-uri /healthz",
        "http-request use-service prometheus-exporter if { path /metrics }",
        "http-request deny deny_status 404",
    ];
}
