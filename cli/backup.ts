import {
    createConsole,
    formatBytes,
    Progress,
    runMain,
    table,
    type Console,
} from "../toolchain/console/index";
import { BACKUP_CRON_JOB } from "../components/contract";
import { deployedStack } from "./stack/deployedStack";
import { readOptions } from "./stack/options";
import { JobWithSteps, type LogLine } from "./jobs/jobWithSteps";

/** What the backup holds, as its reader wants it. */
export function snapshotTable(complete: LogLine): string {
    const { snapshot, objects, bytes, new_bytes: newBytes, database_bytes: databaseBytes } = complete;
    return table([
        ["snapshot", String(snapshot)],
        ["objects", `${String(objects)}, ${formatBytes(Number(bytes))}`],
        [
            "database",
            databaseBytes === null ? "none: MLflow is elsewhere" : formatBytes(Number(databaseBytes)),
        ],
        ["new since the last", formatBytes(Number(newBytes))],
    ]);
}

/** `make backup`: a backup now, besides those that are made by schedule. */
async function main(output: Console): Promise<void> {
    const { namespace, kubectl } = deployedStack(readOptions(process.env));
    const run = await JobWithSteps.start(kubectl, namespace, BACKUP_CRON_JOB);
    await new Progress(output).step("Backup", {}, (report) => run.finish(report));
    const complete = (await run.lines()).find(({ event }) => event === "backup_complete");
    if (complete !== undefined) {
        output.line(`\n${snapshotTable(complete)}`);
    }
}

if (require.main === module) {
    const output = createConsole(process.stdout);
    void runMain(output, () => main(output));
}
