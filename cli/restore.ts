import {
    createConsole,
    fail,
    Progress,
    runMain,
    type Console,
    type Report,
} from "../toolchain/console/index";
import { FETCH_STEP, RESTORE_CRON_JOB } from "../components/contract";
import { deployedStack } from "./stack/deployedStack";
import { readOptions } from "./stack/options";
import { JobWithSteps, type LogLine } from "./jobs/jobWithSteps";
import { startCommand, StoppedServices } from "./jobs/stoppedServices";
import { resumeCommands, SuspendedCronJobs } from "./jobs/suspendedCronJobs";
import type { Kubectl } from "./stack/kubectl";

/** The snapshot to restore, which must be named: MLflow's database loses what came after it. */
export function chosenSnapshot(environment: NodeJS.ProcessEnv): string {
    const snapshot = environment.SNAPSHOT?.trim() ?? "";
    if (!/^(latest|\d{8}T\d{6}Z)$/.test(snapshot)) {
        fail(
            `SNAPSHOT=${snapshot}: name the backup to restore, as in SNAPSHOT=20260131T021700Z, or SNAPSHOT=latest. ` +
                "MLflow's database becomes what it was then.",
        );
    }
    return snapshot;
}

/**
 * Looks for the snapshot, and gives its name. Fails with the names of those that are there, before any service is stopped:
 * a wrong name must not interrupt anything.
 */
export async function findSnapshot(
    kubectl: Kubectl,
    namespace: string,
    snapshot: string,
    report: Report,
): Promise<string> {
    const search = await JobWithSteps.start(kubectl, namespace, RESTORE_CRON_JOB, {
        values: { SNAPSHOT: snapshot },
        onlyStep: FETCH_STEP,
    });
    await search.finish(report);
    const chosen = (await search.lines()).find(({ event }) => event === "snapshot_chosen");
    return typeof chosen?.snapshot === "string"
        ? chosen.snapshot
        : fail(`job ${search.job} did not say which snapshot it chose: ${JSON.stringify(chosen)}`);
}

/** What would write while a restore does. */
interface Stopped {
    readonly services: StoppedServices;
    readonly cronJobs: SuspendedCronJobs;
}

/**
 * What the steps of a restore logged, once all of them are done.
 *
 * Where a step failed before anything was written, the services are started; after that they stay stopped, since what
 * they would continue with is of two times.
 */
async function restored(
    progress: Progress,
    kubectl: Kubectl,
    namespace: string,
    snapshot: string,
    { services, cronJobs }: Stopped,
    start: () => Promise<void>,
): Promise<LogLine[]> {
    let run: JobWithSteps | undefined;
    try {
        const started = (run = await JobWithSteps.start(kubectl, namespace, RESTORE_CRON_JOB, {
            values: { SNAPSHOT: snapshot },
        }));
        await progress.step(`Restore of ${snapshot}`, {}, (report) => started.finish(report));
        return await started.lines();
    } catch (error) {
        const lines = (await run?.lines()) ?? [];
        if (!lines.some(({ event }) => event === "snapshot_chosen")) {
            await start();
            throw error;
        }
        fail(
            `${error instanceof Error ? error.message : String(error)}\n` +
                `${services.names.join(", ")} stay stopped, since not everything is back. Remove the cause and run ` +
                `\`make restore SNAPSHOT=${snapshot}\` again, or start them with what is there:\n` +
                [startCommand(namespace, services.names), ...resumeCommands(namespace, cronJobs.names)].join(
                    "\n",
                ),
        );
    }
}

/** `make restore SNAPSHOT=name`: objects, database and promotion pointers as they were in a backup. */
async function main(output: Console): Promise<void> {
    const wanted = chosenSnapshot(process.env);
    const { namespace, kubectl } = deployedStack(readOptions(process.env));
    const progress = new Progress(output);
    const snapshot = await progress.step(`Snapshot ${wanted}`, {}, (report) =>
        findSnapshot(kubectl, namespace, wanted, report),
    );
    const stopped = await progress.step("Stop what writes", {}, async (report) => ({
        cronJobs: await SuspendedCronJobs.suspend(kubectl, report),
        services: await StoppedServices.stop(kubectl, report),
    }));
    const start = (): Promise<void> =>
        progress.step("Start it again", {}, async (report) => {
            await stopped.services.start(report);
            await stopped.cronJobs.resume();
        });
    const lines = await restored(progress, kubectl, namespace, snapshot, stopped, start);
    await start();
    const chosen = lines.find(({ event }) => event === "snapshot_chosen");
    const written = lines
        .filter(({ event }) => event === "objects_restored")
        .reduce((sum, line) => sum + Number(line.written), 0);
    const database = chosen?.database === true ? "and MLflow's database " : "";
    output.line(`\nRestored ${written} objects ${database}from ${snapshot}.`);
}

if (require.main === module) {
    const output = createConsole(process.stdout);
    void runMain(output, () => main(output));
}
