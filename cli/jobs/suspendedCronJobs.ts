import { LOG_COMPACTION_NAME, SCHEDULED_PASS_NAME } from "../../components/contract";
import type { Report } from "../../toolchain/console/index";
import type { Kubectl } from "../stack/kubectl";
import { untilNoPods } from "./untilNoPods";

/** Annotation of a CronJob that a restore suspended; one that was suspended before stays so. */
const SUSPENDED = "flts.io/suspended-by-restore";
/** CronJobs that write into the buckets; those that are deployed are suspended. */
const WRITERS: readonly string[] = [SCHEDULED_PASS_NAME, LOG_COMPACTION_NAME];

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
            await untilNoPods(kubectl, report, {
                tiers: names,
                called: "runs of CronJobs",
                where: ["--field-selector=status.phase!=Succeeded,status.phase!=Failed"],
                advice: "; wait for them, or delete their Jobs, and run the command again. Nothing was changed.",
            });
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
}

function suspended(suspend: boolean): object {
    return { spec: { suspend } };
}
