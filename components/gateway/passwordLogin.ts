import type { Configuration } from "../core/pod/configuration";
import { fromSecret } from "../core/pod/environment";
import type { Images } from "../core/pod/images";
import type { ContainerArgs, Resources } from "../core/pod/pod";
import { httpCheck, probes } from "../core/pod/probes";

/** Port on which requests arrive, of either way to log in. */
export const LOGIN_PORT = 8080;
const HEALTH_PORT = 8404;
/** Folder of `haproxy.cfg`. */
export const LOGIN_CONFIG_DIRECTORY = "/etc/haproxy-flts";

/**
 * HAProxy's configuration: one server behind one login.
 *
 * User and password come from the environment, so that the configuration holds neither. They are compared as they are:
 * a slow hash protects short passwords in a stolen file, but would hold the proxy up for 50 ms with every request.
 * Reference: https://docs.haproxy.org/2.6/configuration.html#3.4
 *
 * @param server `host:port` of what is protected.
 */
export function passwordLoginConfig(server: string): string {
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

userlist people
    user "\${LOGIN_USER}" insecure-password "\${LOGIN_PASSWORD}"

frontend login
    bind :${LOGIN_PORT}
    http-request auth realm FLTS unless { http_auth(people) }
    # The server behind has no use for the password.
    http-request del-header Authorization
    default_backend protected

backend protected
    server protected ${server}

frontend observation
    bind :${HEALTH_PORT}
    option dontlog-normal
    monitor-uri /healthz
    http-request deny deny_status 404
`;
}

/** Container of HAProxy as a login; `secret` has the keys `username` and `password`. */
export function passwordLoginContainer(
    images: Images,
    secret: string,
    resources: Resources,
    configuration: Configuration["mount"],
): ContainerArgs {
    const answers = httpCheck("/healthz", "health");
    return {
        name: "haproxy",
        image: images.reference("haproxy"),
        command: ["haproxy", "-db", "-f", `${LOGIN_CONFIG_DIRECTORY}/haproxy.cfg`],
        environment: fromSecret(secret, { LOGIN_USER: "username", LOGIN_PASSWORD: "password" }),
        ports: { http: LOGIN_PORT, health: HEALTH_PORT },
        resources,
        mounts: [configuration],
        probes: probes({ startup: answers, readiness: answers, liveness: answers }),
        preStop: ["/bin/sh", "-c", "sleep 3; kill -USR1 1; sleep 20"],
    };
}
