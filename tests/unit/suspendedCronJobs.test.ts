import assert from "node:assert/strict";
import { resumeCommands, SuspendedCronJobs } from "../../cli/jobs/suspendedCronJobs";
import type { Kubectl } from "../../cli/stack/kubectl";

interface CronJob {
    suspend: boolean;
    annotations: Record<string, string>;
}

/** A cluster with these CronJobs, suspended or not; the runs of one may be slow to end. */
class Cluster {
    readonly cronJobs: Map<string, CronJob>;

    constructor(
        suspended: Readonly<Record<string, boolean>>,
        private runs = 0,
    ) {
        this.cronJobs = new Map(
            Object.entries(suspended).map(([name, suspend]) => [name, { suspend, annotations: {} }]),
        );
    }

    /** Which are suspended, by name. */
    get suspended(): Record<string, boolean> {
        return Object.fromEntries([...this.cronJobs].map(([name, { suspend }]) => [name, suspend]));
    }

    readonly kubectl: Kubectl = (...parameters) => Promise.resolve(this.answer(parameters));

    private answer([command = "", ...rest]: readonly string[]): string {
        const words = rest.filter((word) => !word.startsWith("--"));
        const cronJob = this.cronJobs.get(words[1] ?? "");
        if (command === "get" && words[0] === "cronjobs") {
            const items = [...this.cronJobs].map(([name, { suspend, annotations }]) => ({
                metadata: { name, annotations },
                spec: { suspend },
            }));
            return JSON.stringify({ items });
        }
        if (command === "get") {
            this.runs -= 1;
            return this.runs > 0 ? "pod/preprocess-schedule-1\n" : "";
        }
        assert.ok(cronJob !== undefined, `${command} ${rest.join(" ")}`);
        const value = words[2] ?? "";
        if (command === "patch") {
            cronJob.suspend = (JSON.parse(value) as { spec: CronJob }).spec.suspend;
        } else {
            const [key = "", text] = value.split("=");
            cronJob.annotations = text === undefined ? {} : { [key]: text };
        }
        return "";
    }
}

const quiet = (): undefined => undefined;
const BEFORE = { backup: false, "load-test": true, "log-compaction": false, "preprocess-schedule": false };
const DURING = { ...BEFORE, "log-compaction": true, "preprocess-schedule": true };

describe("the CronJobs that a restore suspends", () => {
    it("a restore suspends the CronJobs that write into buckets, until it is over", async () => {
        const cluster = new Cluster(BEFORE, 2);
        const jobs = await SuspendedCronJobs.suspend(cluster.kubectl, quiet);
        assert.deepEqual(cluster.suspended, DURING);
        await jobs.resume();
        assert.deepEqual(cluster.suspended, BEFORE);
        assert.ok(
            [...cluster.cronJobs.values()].every(({ annotations }) => !Object.keys(annotations).length),
        );
    });

    it("suspended CronJobs are resumed after several restores that were interrupted", async () => {
        const cluster = new Cluster(BEFORE);
        await SuspendedCronJobs.suspend(cluster.kubectl, quiet);
        await (await SuspendedCronJobs.suspend(cluster.kubectl, quiet)).resume();
        assert.deepEqual(cluster.suspended, BEFORE);
    });

    it("CronJobs that were suspended before the restore are not resumed", async () => {
        const before = { "log-compaction": true };
        const cluster = new Cluster(before);
        const jobs = await SuspendedCronJobs.suspend(cluster.kubectl, quiet);
        await jobs.resume();
        assert.deepEqual(jobs.names, []);
        assert.deepEqual(cluster.suspended, before);
    });

    it("the error names commands that resume suspended CronJobs", () => {
        assert.deepEqual(resumeCommands("flts", ["log-compaction"]), [
            `kubectl --namespace flts patch cronjob log-compaction --patch '{"spec":{"suspend":false}}'`,
        ]);
    });
});
