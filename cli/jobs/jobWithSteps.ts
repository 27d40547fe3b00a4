import pWaitFor from "p-wait-for";
import { fail, formatBytes, type Report } from "../../toolchain/console/index";
import { createJob, newestPod, type JobChanges } from "./job";
import type { Kubectl } from "../stack/kubectl";
import type { Pod } from "../stack/pods";

/** Milliseconds between two looks; each asks the cluster two or three things. */
const POLL_INTERVAL = 2_000;

interface JobStatus {
    readonly status: {
        readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
}

/** A line that a step of `flts.backup` logs. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string };

/** The lines of a log that are JSON; PostgreSQL's programs write others. */
function logLines(log: string): LogLine[] {
    return log
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as LogLine);
}

/** The containers of a pod in the order in which they run, and which of them runs or made the pod fail. */
export function currentStep({ status }: Pod): { readonly name: string; readonly detail: string } | undefined {
    const steps = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    const current = steps.find(({ state }) => state?.terminated?.exitCode !== 0);
    if (current === undefined) {
        return undefined;
    }
    const { waiting, terminated } = current.state ?? {};
    const reason = waiting?.reason === "PodInitializing" ? undefined : waiting?.reason;
    const detail = terminated === undefined ? (reason ?? "") : `failed with code ${terminated.exitCode}`;
    return { name: current.name, detail };
}

/** A Job of several steps, made from a CronJob: a backup or a restore. */
export class JobWithSteps {
    private constructor(
        /** Name of the Job. */
        readonly job: string,
        private readonly kubectl: Kubectl,
    ) {}

    /** Starts it, with what differs from the CronJob's pattern. */
    static async start(
        kubectl: Kubectl,
        namespace: string,
        cronJob: string,
        changes: JobChanges = {},
    ): Promise<JobWithSteps> {
        const job = await createJob(kubectl, namespace, cronJob, "flts:backup.enabled", changes);
        return new JobWithSteps(job, kubectl);
    }

    /** Waits for the end, and reports the current step. Fails with the log of the step that failed. */
    async finish(report: Report): Promise<void> {
        const completed = async (): Promise<boolean> => {
            const ended = await this.ended();
            if (ended === "Complete") {
                return true;
            }
            const pod = await newestPod(this.kubectl, this.job);
            const step = pod && currentStep(pod);
            if (ended === "Failed") {
                const log = pod === undefined ? "it took too long" : await this.log(pod, step?.name);
                fail(`job ${this.job} failed${step === undefined ? "" : ` at ${step.name}`}:\n${log}`);
            }
            if (pod !== undefined && step !== undefined) {
                const parts = [step.name, step.detail, await this.counts(pod, step.name)];
                report(undefined, parts.filter((part) => part !== "").join(" "));
            }
            return false;
        };
        await pWaitFor(completed, { interval: POLL_INTERVAL });
    }

    /** What the last pod's steps logged. */
    async lines(): Promise<LogLine[]> {
        const pod = await newestPod(this.kubectl, this.job);
        return pod === undefined ? [] : logLines(await this.log(pod));
    }

    private async ended(): Promise<"Complete" | "Failed" | undefined> {
        const text = await this.kubectl("get", "job", this.job, "--output", "json");
        const { conditions = [] } = (JSON.parse(text) as JobStatus).status;
        return (["Complete", "Failed"] as const).find((wanted) =>
            conditions.some(({ type, status }) => type === wanted && status === "True"),
        );
    }

    /** The end of the log of one step, or of all. */
    private async log({ metadata }: Pod, step?: string): Promise<string> {
        const which = step === undefined ? ["--all-containers"] : ["--container", step];
        try {
            return await this.kubectl("logs", metadata?.name ?? "", ...which, "--tail", "1000");
        } catch {
            return "there is no log";
        }
    }

    /** How much was copied, of a step that says so. */
    private async counts(pod: Pod, step: string): Promise<string> {
        const last = logLines(await this.log(pod, step))
            .filter(({ event }) => event === "copying")
            .at(-1);
        return last === undefined
            ? ""
            : `${String(last.bucket)}: ${String(last.objects)} objects, ${formatBytes(Number(last.new_bytes))} new`;
    }
}
