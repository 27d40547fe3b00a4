import pWaitFor from "p-wait-for";
import { LOAD_TEST_NAME } from "../../components/contract";
import { fail } from "../../toolchain/console/index";
import { createJob, newestPod, POLL_INTERVAL } from "./job";
import type { Kubectl } from "../stack/kubectl";
import type { Pod } from "../stack/pods";

/** Where the pod keeps what it reports (`REPORT_DIRECTORY`), and the file that says that it was collected. */
const REPORTS = "/tmp/report";
/** Milliseconds until the pod must run: its image may have to be pulled. */
const START_TIMEOUT = 180_000;

/** One run of the load test: a Job made from the suspended CronJob `load-test`. */
export class LoadTestRun {
    private constructor(
        /** Name of the Job. */
        readonly job: string,
        /** How long the load is to last. */
        readonly milliseconds: number,
        private readonly pod: string,
        private readonly kubectl: Kubectl,
    ) {}

    /** Starts a run and waits until its pod runs. */
    static async start(kubectl: Kubectl, namespace: string): Promise<LoadTestRun> {
        const job = await createJob(kubectl, namespace, LOAD_TEST_NAME, "flts:loadTest.enabled");
        const pod = await runningPod(kubectl, job);
        const duration = pod.spec?.containers[0]?.env?.find(({ name }) => name === "LOCUST_RUN_TIME")?.value;
        return new LoadTestRun(
            job,
            Number.parseInt(duration ?? "0", 10) * 1000,
            pod.metadata?.name ?? "",
            kubectl,
        );
    }

    /** Waits for the end of the load, copies the reports into `directory`, and waits for the end of the pod. */
    async collect(directory: string): Promise<void> {
        const hasResult = "until [ -s /dev/termination-log ]; do sleep 1; done";
        try {
            await this.kubectl("exec", this.pod, "--", "sh", "-c", hasResult);
        } catch {
            fail(
                `the load test ended without a result; its log says:\n${await this.kubectl("logs", this.pod)}`,
            );
        }
        await this.kubectl("cp", `${this.pod}:${REPORTS}`, directory);
        await this.kubectl("exec", this.pod, "--", "touch", `${REPORTS}/collected`);
        // The result that becomes the stack's output is kept with the ended container.
        await pWaitFor(async () => hasEnded(await newestPod(this.kubectl, this.job)), {
            interval: POLL_INTERVAL,
        });
    }
}

function hasEnded(pod: Pod | undefined): boolean {
    // A Job that took too long takes its pod away.
    return pod === undefined || pod.status?.containerStatuses?.[0]?.state?.terminated !== undefined;
}

async function runningPod(kubectl: Kubectl, job: string): Promise<Pod> {
    const started = async () => {
        const pod = await newestPod(kubectl, job);
        const state = pod?.status?.containerStatuses?.[0]?.state;
        return pod !== undefined && (state?.running ?? state?.terminated) !== undefined
            ? pWaitFor.resolveWith(pod)
            : false;
    };
    return pWaitFor(started, {
        interval: POLL_INTERVAL,
        timeout: {
            milliseconds: START_TIMEOUT,
            fallback: () =>
                fail(
                    `the load test's pod did not start within ${START_TIMEOUT / 1000} s; ` +
                        `see \`kubectl describe job ${job}\`.`,
                ),
        },
    });
}
