import type * as kubernetes from "@pulumi/kubernetes";

type Probe = kubernetes.types.input.core.v1.Probe;

/** Checks of a container's three probes. */
export interface Probes {
    /** Whether it has started. Until then the other two do not run. */
    readonly startupProbe: Probe;
    /** Whether it can get traffic. */
    readonly readinessProbe: Probe;
    /** Whether it still works, so that it need not be restarted. */
    readonly livenessProbe: Probe;
}

/** One check. */
type Check = Pick<Probe, "httpGet" | "tcpSocket" | "exec">;

export interface ProbeArgs {
    readonly startup: Check;
    readonly readiness: Check;
    readonly liveness: Check;
    /** Seconds a start may take before the container is restarted. Default 120. */
    readonly startSeconds?: number;
    /** Timeout in seconds of the first two. Default 3. */
    readonly timeoutSeconds?: number;
    /** Seconds after the start before the first check, which would succeed too early. Default 0. */
    readonly settleSeconds?: number;
}

const STARTUP_PERIOD = 2;
const READINESS_PERIOD = 5;
const LIVENESS_PERIOD = 15;
/** Timeout in seconds of liveness, for a busy process. */
const LIVENESS_TIMEOUT = 15;
/** Failed liveness checks in a row, over two minutes, after which the container is restarted. */
const LIVENESS_FAILURES = 8;

/**
 * Builds the probes of a container.
 *
 * The startup probe runs often, so that a pod is used as soon as possible. The liveness probe runs rarely and tolerates two
 * minutes (15 s for each check): a busy container is unready long before, and a restart would make things worse.
 */
export function probes(args: ProbeArgs): Probes {
    const { startSeconds = 120, timeoutSeconds = 3, settleSeconds } = args;
    return {
        startupProbe: {
            ...args.startup,
            ...(settleSeconds === undefined ? {} : { initialDelaySeconds: settleSeconds }),
            periodSeconds: STARTUP_PERIOD,
            timeoutSeconds,
            failureThreshold: Math.ceil(startSeconds / STARTUP_PERIOD),
        },
        readinessProbe: {
            ...args.readiness,
            periodSeconds: READINESS_PERIOD,
            timeoutSeconds,
            failureThreshold: 2,
        },
        livenessProbe: {
            ...args.liveness,
            periodSeconds: LIVENESS_PERIOD,
            timeoutSeconds: LIVENESS_TIMEOUT,
            failureThreshold: LIVENESS_FAILURES,
        },
    };
}

/** GET of a path on a named container port; succeeds with status 200 to 399. */
export function httpCheck(path: string, port = "http"): Check {
    return { httpGet: { path, port } };
}

/** Succeeds if the port accepts connections. */
export function tcpCheck(port: string): Check {
    return { tcpSocket: { port } };
}

/** Runs a command in the container; succeeds with exit code 0. */
export function commandCheck(command: string[]): Check {
    return { exec: { command } };
}
