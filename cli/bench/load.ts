import { createHistogram } from "node:perf_hooks";
import autocannon from "autocannon";

/** What a load of a fixed number of connections met with. */
export interface LoadResult {
    readonly requestsPerSecond: number;
    /** Milliseconds within which half, 95 and 99 percent of the answers came. */
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    /** Answers other than 200, and requests without an answer. */
    readonly failed: number;
}

/** Microseconds in a millisecond: the histogram counts whole numbers. */
const MICRO = 1000;

/** Sends `body` to `url` for `seconds`, the next request of each connection when the last one is answered. */
export async function load(
    url: string,
    body: string,
    connections: number,
    seconds: number,
): Promise<LoadResult> {
    const times = createHistogram();
    const result = await new Promise<autocannon.Result>((resolve, reject) => {
        const instance = autocannon(
            {
                url,
                method: "POST",
                headers: { "content-type": "application/json" },
                body,
                connections,
                duration: seconds,
            },
            (error: Error | null, outcome) => {
                if (error === null) {
                    resolve(outcome);
                } else {
                    reject(error);
                }
            },
        );
        // autocannon's own summary leaves the 95th percentile out.
        instance.on("response", (_client, _status, _bytes, milliseconds) => {
            times.record(Math.max(1, Math.round(milliseconds * MICRO)));
        });
    });
    const percentile = (share: number): number => times.percentile(share) / MICRO;
    return {
        requestsPerSecond: result.requests.total / result.duration,
        p50: percentile(50),
        p95: percentile(95),
        p99: percentile(99),
        failed: result.errors + result.non2xx,
    };
}
