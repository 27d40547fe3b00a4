import { explained } from "../access/apiReason";
import { loadCluster } from "../access/cluster";
import { readable } from "../access/readable";
import { RUN_COMPONENT } from "./loadTestJob";

/** Result of a load test; `flts.load_test.outcome` writes all but the last two fields. */
export interface LoadTestResult {
    readonly passed: boolean;
    /** Requests of all kinds. */
    readonly requests: number;
    readonly requestsPerSecond: number;
    /** Share of all requests that failed, from 0 to 1. */
    readonly failureRatio: number;
    readonly p50Milliseconds: number;
    readonly p95Milliseconds: number;
    /** Each limit that was not met. */
    readonly reasons: readonly string[];
    /** Job that made it. */
    readonly job: string;
    /** RFC 3339. */
    readonly finishedAt: string;
}

/** The part of a pod that says how its container ended. */
interface EndedPod {
    readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
    readonly status?: {
        readonly containerStatuses?: readonly {
            readonly state?: {
                readonly terminated?: { readonly message?: string; readonly finishedAt?: Date };
            };
        }[];
    };
}

/** Result of the newest run that has one; undefined without one. */
export function newestResult(pods: readonly EndedPod[]): LoadTestResult | undefined {
    return pods
        .flatMap((pod) => {
            const ended = pod.status?.containerStatuses?.[0]?.state?.terminated;
            // A run without a result has no message, and proves nothing.
            return ended?.message === undefined || ended.finishedAt === undefined
                ? []
                : [
                      {
                          ...(JSON.parse(ended.message) as Omit<LoadTestResult, "job" | "finishedAt">),
                          job: pod.metadata?.labels?.["batch.kubernetes.io/job-name"] ?? "",
                          finishedAt: ended.finishedAt.toISOString(),
                      },
                  ];
        })
        .sort((a, b) => (a.finishedAt < b.finishedAt ? 1 : -1))[0];
}

/**
 * Reads the result of the newest load test from the pods of its Job, where Kubernetes keeps what a container left as
 * its termination message for as long as there is the Job.
 */
export async function lastRun(
    context: string,
    namespace: string,
    instance: string,
): Promise<LoadTestResult | undefined> {
    const cluster = await loadCluster(context);
    const api = cluster.config.makeApiClient(cluster.client.CoreV1Api);
    const labelSelector = [
        "app.kubernetes.io/name=locust",
        `app.kubernetes.io/instance=${instance}`,
        `app.kubernetes.io/component=${RUN_COMPONENT}`,
    ].join(",");
    const pods = await explained(
        `the pods of load tests in the namespace ${namespace} cannot be listed`,
        () => readable(cluster, () => api.listNamespacedPod({ namespace, labelSelector })),
    );
    return newestResult(pods?.items ?? []);
}
