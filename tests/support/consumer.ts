import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toolPath } from "../../toolchain/tools/paths";
import { projectDirectory, run, type Outcome } from "./commands";

const PROGRAM = join(projectDirectory, "stacks", "consumer");

/** What came of a deployment of the consumer. */
export interface Consumed {
    readonly up: Outcome;
    /** Its outputs as JSON; empty when it failed. */
    readonly outputs: string;
}

/**
 * Deploys the consumer beside the stack whose outputs it reads, and takes it away again.
 *
 * Its stack is made in a folder of its own, as `stack init` writes beside Pulumi.yaml and the checkout stays clean.
 *
 * @param environment in which pulumi finds the backend of both stacks.
 * @param reference stack that the consumer reads, as `organization/project/stack`.
 */
export async function deployConsumer(environment: NodeJS.ProcessEnv, reference: string): Promise<Consumed> {
    const folder = mkdtempSync(join(tmpdir(), "flts-consumer-"));
    const pulumi = (directory: string, ...command: string[]): Promise<Outcome> =>
        run(toolPath("pulumi"), ["--cwd", directory, "--non-interactive", ...command], { environment });
    try {
        writeFileSync(join(folder, "Pulumi.yaml"), "name: flts-consumer\nruntime: nodejs\n");
        await pulumi(folder, "stack", "init", "test");
        await pulumi(folder, "config", "set", "stack", reference, "--stack", "test");
        const settings = ["--stack", "test", "--config-file", join(folder, "Pulumi.test.yaml")];
        const up = await pulumi(PROGRAM, "up", "--yes", "--skip-preview", ...settings);
        const { output } = await pulumi(folder, "stack", "output", "--json", "--stack", "test");
        await pulumi(folder, "stack", "rm", "--yes", "--force", "--stack", "test");
        return { up, outputs: output };
    } finally {
        rmSync(folder, { recursive: true });
    }
}
