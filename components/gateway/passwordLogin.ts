import type { Configuration } from "../core/pod/configuration";
import { environment, fromSecret } from "../core/pod/environment";
import { haproxyCommand, listenOn } from "../core/network/haproxyListener";
import { AUTHORIZATION } from "../infrastructure/mlflow/mlflow";
import type { Images } from "../core/pod/images";
import type { ContainerArgs, Resources } from "../core/pod/pod";
import { httpCheck, probes } from "../core/pod/probes";

/** Port on which requests arrive, of either way to log in. */
export const LOGIN_PORT = 8080;
const HEALTH_PORT = 8404;
/** Folder of `haproxy.cfg`. */
export const LOGIN_CONFIG_DIRECTORY = "/etc/haproxy-flts";

/** Port inside the pod on which another container's requests arrive, once that one let people in. */
export const ADMITTED_PORT = 8081;

/**
 * HAProxy's configuration: one server behind one login.
 *
 * User and password come from the environment, so that the configuration holds neither. They are compared as they are:
 * a slow hash protects short passwords in a stolen file, but would hold the proxy up for 50 ms with every request.
 * Reference: https://docs.haproxy.org/3.0/configuration.html#3.4
 *
 * @param server `host:port` of what is protected.
 */
export function passwordLoginConfig(server: string): string {
    return haproxyConfig(
        server,
        `userlist people
    user "\${LOGIN_USER}" insecure-password "\${LOGIN_PASSWORD}"

`,
        `${block(listenOn(LOGIN_PORT))}
    http-request auth realm FLTS unless { http_auth(people) }`,
    );
}

/** HAProxy's configuration behind another login in the same pod: it only logs in to the server. */
export function admittedConfig(server: string): string {
    return haproxyConfig(server, "", `bind 127.0.0.1:${ADMITTED_PORT}`);
}

/** Lines of a section after its first one. */
function block(lines: readonly string[]): string {
    return lines.join("\n    ");
}

function haproxyConfig(server: string, lists: string, entrance: string): string {
    return `global
    log stdout format raw local0 info
    maxconn 512
    hard-stop-after 20s

defaults
    mode http
    log global
    option httplog
    option dontlognull
    timeout connect 2s
    timeout http-request 10s
    timeout client 60s
    # Artifacts are moved through the tracking server, and may be large.
    timeout server 300s

${lists}frontend login
    ${entrance}
    # The server behind has users of its own, of which this one is people's.
    http-request set-header Authorization "\${MLFLOW_AUTHORIZATION}"
    default_backend protected

backend protected
    server protected ${server}

frontend observation
    ${block(listenOn(HEALTH_PORT))}
    option dontlog-normal
    monitor-uri /healthz
    http-request deny deny_status 404
`;
}

/**
 * Container of HAProxy as a login.
 *
 * @param secret with the keys `username` and `password` of people; undefined behind another login.
 * @param serverSecret with the key `authorization`, the header that logs in to the server.
 */
export function passwordLoginContainer(
    images: Images,
    secret: string | undefined,
    serverSecret: string,
    resources: Resources,
    configuration: Configuration["mount"],
): ContainerArgs {
    const answers = httpCheck("/healthz", "health");
    return {
        name: "haproxy",
        image: images.reference("haproxy"),
        command: haproxyCommand(`${LOGIN_CONFIG_DIRECTORY}/haproxy.cfg`),
        environment: environment(
            secret === undefined
                ? []
                : fromSecret(secret, { LOGIN_USER: "username", LOGIN_PASSWORD: "password" }),
            fromSecret(serverSecret, { MLFLOW_AUTHORIZATION: AUTHORIZATION }),
        ),
        ports: { ...(secret === undefined ? {} : { http: LOGIN_PORT }), health: HEALTH_PORT },
        resources,
        mounts: [configuration],
        probes: probes({ startup: answers, readiness: answers, liveness: answers }),
        preStop: ["/bin/sh", "-c", "sleep 3; kill -USR1 1; sleep 20"],
    };
}
