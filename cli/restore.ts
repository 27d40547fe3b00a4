import { createConsole, fail, Progress, runMain, type Console } from "../toolchain/console/index";
import { deployedStack } from "./stack/deployedStack";
import { readOptions } from "./stack/options";
import { StepsRun } from "./jobs/jobWithSteps";

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

/** `make restore SNAPSHOT=name`: objects, database and promotion pointers as they were in a backup. */
async function main(output: Console): Promise<void> {
    const snapshot = chosenSnapshot(process.env);
    const { namespace, kubectl } = deployedStack(readOptions(process.env));
    const run = await StepsRun.start(kubectl, namespace, "restore", { SNAPSHOT: snapshot });
    await new Progress(output).step(`Restore of ${snapshot}`, {}, (report) => run.finish(report));
    const lines = await run.lines();
    const chosen = lines.find(({ event }) => event === "snapshot_chosen");
    const written = lines
        .filter(({ event }) => event === "objects_restored")
        .reduce((sum, line) => sum + Number(line.written), 0);
    const database = chosen?.database === true ? "and MLflow's database " : "";
    output.line(`\nRestored ${written} objects ${database}from ${String(chosen?.snapshot)}.`);
}

if (require.main === module) {
    const output = createConsole(process.stdout);
    void runMain(output, () => main(output));
}
