import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

import { stateDirectory } from "../tools/directories";

/** The stack that STACK names; empty counts as absent, because make exports unset variables as empty. */
export function chosenStack(environment: NodeJS.ProcessEnv): string {
    const name = environment.STACK?.trim() ?? "";
    return name === "" ? "dev" : name;
}

/** Where this machine keeps stacks: outside the checkout. */
export interface StackFiles {
    readonly directory: string;
    /** URL of the backend that is used unless PULUMI_BACKEND_URL names another. */
    readonly backend: string;
}

export function stackFiles(environment: NodeJS.ProcessEnv = process.env): StackFiles {
    const directory = join(stateDirectory(environment), "stacks");
    return { directory, backend: `file://${join(directory, "backend")}` };
}

/** The settings that a stack's last command on this machine ran with. */
export function settingsFile({ directory }: StackFiles, stack: string): string {
    return join(directory, `Pulumi.${stack}.yaml`);
}

/** What is read here of the state that Pulumi's file backend keeps of a stack. */
interface StateFile {
    readonly checkpoint: {
        readonly latest?: {
            readonly resources?: readonly { readonly type: string; readonly outputs?: object }[];
        };
    };
}

/**
 * True if an update of the stack succeeded before: only then has it outputs. Reads files alone, because pulumi may not be
 * built yet. The state of a remote backend is not read: there, a stack counts as deployed if this machine updated it.
 */
export function isDeployed(stack: string, environment: NodeJS.ProcessEnv = process.env): boolean {
    const files = stackFiles(environment);
    const chosen = environment.PULUMI_BACKEND_URL?.trim() ?? "";
    const backend = chosen === "" ? files.backend : chosen;
    if (!backend.startsWith("file://")) {
        return existsSync(settingsFile(files, stack));
    }
    const folder = resolve(backend.slice("file://".length).replace(/^~(?=\/|$)/, homedir()));
    const path = join(folder, ".pulumi", "stacks", "flts", `${stack}.json`);
    if (!existsSync(path)) {
        return false;
    }
    const { checkpoint } = JSON.parse(readFileSync(path, "utf8")) as StateFile;
    const root = checkpoint.latest?.resources?.find(({ type }) => type === "pulumi:pulumi:Stack");
    return Object.keys(root?.outputs ?? {}).length > 0;
}
