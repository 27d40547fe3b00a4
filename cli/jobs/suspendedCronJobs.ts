import pWaitFor from "p-wait-for";
import { LOG_COMPACTION_NAME, SCHEDULED_PASS_NAME } from "../../components/contract";
import { fail, type Report } from "../../toolchain/console/index";
import type { Kubectl } from "../stack/kubectl";
import { POLL_INTERVAL } from "./job";

/** Annotation of a CronJob that a restore suspended; one that was suspended before stays so. */
const SUSPENDED = "flts.io/suspended-by-restore";
/** CronJobs that write into the buckets; those that are deployed are suspended. */
const WRITERS: readonly string[] = [SCHEDULED_PASS_NAME, LOG_COMPACTION_NAME];
/** Milliseconds in which a run that has begun has to end. */
const END_TIMEOUT = 300_000;

interface CronJob {
    readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
    readonly spec: { readonly suspend?: boolean };
}

/** The commands that resume CronJobs which a restore left suspended. */
export function resumeCommands(namespace: string, names: readonly string[]): string[] {
    return names.map(
        (name) =>
            `kubectl --namespace ${namespace} patch cronjob ${name} --patch '${JSON.stringify(suspended(false))}'`,
    );
}

/** The CronJobs that write what a restore puts back, while they start nothing. */
export class SuspendedCronJobs {
    private constructor(
        private readonly kubectl: Kubectl,
        readonly names: readonly string[],
    ) {}

    /**
     * Suspends those that are deployed, and waits until what they have started is over. Where that takes too long, they
     * are resumed, and the error names the pods.
     */
    static async suspend(kubectl: Kubectl, report: Report): Promise<SuspendedCronJobs> {
        const { items } = JSON.parse(await kubectl("get", "cronjobs", "--output", "json")) as {
            items: readonly CronJob[];
        };
        const names = items
            .filter(({ metadata: { name, annotations }, spec }) => {
                const ours = spec.suspend !== true || annotations?.[SUSPENDED] !== undefined;
                return WRITERS.includes(name) && ours;
            })
            .map(({ metadata }) => metadata.name);
        for (const name of names) {
            await kubectl("annotate", "--overwrite", "cronjob", name, `${SUSPENDED}=true`);
            await kubectl("patch", "cronjob", name, "--patch", JSON.stringify(suspended(true)));
        }
        const jobs = new SuspendedCronJobs(kubectl, names);
        try {
            await jobs.untilOver(report);
        } catch (error) {
            await jobs.resume();
            throw error;
        }
        return jobs;
    }

    /** Lets them start their runs again. */
    async resume(): Promise<void> {
        for (const name of this.names) {
            await this.kubectl("patch", "cronjob", name, "--patch", JSON.stringify(suspended(false)));
            await this.kubectl("annotate", "cronjob", name, `${SUSPENDED}-`);
        }
    }

    private async untilOver(report: Report): Promise<void> {
        if (this.names.length === 0) {
            return;
        }
        const selector = `app.kubernetes.io/name in (${this.names.join(",")})`;
        const active = "--field-selector=status.phase!=Succeeded,status.phase!=Failed";
        let left: readonly string[] = [];
        const over = async (): Promise<boolean> => {
            const text = await this.kubectl(
                "get",
                "pods",
                "--selector",
                selector,
                active,
                "--output",
                "name",
            );
            left = text.split("\n").filter((line) => line !== "");
            report(undefined, `${left.length} runs left`);
            return left.length === 0;
        };
        await pWaitFor(over, {
            interval: POLL_INTERVAL,
            timeout: {
                milliseconds: END_TIMEOUT,
                fallback: () =>
                    fail(
                        `these runs of CronJobs did not end within ${END_TIMEOUT / 60_000} minutes: ${left.join(", ")}; wait for ` +
                            "them, or delete their Jobs, and run the command again. Nothing was changed.",
                    ),
            },
        });
    }
}

function suspended(suspend: boolean): object {
    return { spec: { suspend } };
}
