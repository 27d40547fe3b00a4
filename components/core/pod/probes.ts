import type * as kubernetes from "@pulumi/kubernetes";

type Probe = kubernetes.types.input.core.v1.Probe;

/** The three questions the kubelet asks of a container. */
export interface Probes {
    /** Has it started? Until then the other two are not asked. */
    readonly startupProbe: Probe;
    /** May it get traffic now? */
    readonly readinessProbe: Probe;
    /** Is it beyond help, so that only a restart can fix it? */
    readonly livenessProbe: Probe;
}

/** How one question is put. */
type Check = Pick<Probe, "httpGet" | "tcpSocket" | "exec">;

export interface ProbeArgs {
    readonly startup: Check;
    readonly readiness: Check;
    readonly liveness: Check;
    /** Seconds a start may take before the container is restarted. Default 120. */
    readonly startSeconds?: number;
    /** Seconds one answer to the first two may take. Default 3. */
    readonly timeoutSeconds?: number;
    /** Seconds after the start in which nothing is asked, because "yes" would be too early. Default 0. */
    readonly settleSeconds?: number;
}

const STARTUP_PERIOD = 2;
const READINESS_PERIOD = 5;
const LIVENESS_PERIOD = 15;
/** Seconds a busy process gets to answer the question that would kill it. */
const LIVENESS_TIMEOUT = 15;
/** Unanswered questions in a row, two minutes of them, after which a process counts as beyond help. */
const LIVENESS_FAILURES = 8;

/**
 * Builds the probes of a container.
 *
 * Start is asked often, so that a pod is used as soon as it can be; liveness seldom and with patience (15 s an answer, for two
 * minutes), whatever the check is: a busy container gets no traffic long before, and a restart would make things worse.
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

/** GET of a path on a named container port; 200-399 is yes. */
export function httpCheck(path: string, port = "http"): Check {
    return { httpGet: { path, port } };
}

/** The port accepts connections. */
export function tcpCheck(port: string): Check {
    return { tcpSocket: { port } };
}

/** A command in the container; exit code 0 is yes. */
export function commandCheck(command: string[]): Check {
    return { exec: { command } };
}
