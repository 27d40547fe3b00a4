import { contextName } from "../../toolchain/cluster/layout";
import { fail } from "../../toolchain/console/index";
import { chosenStack } from "../../toolchain/steps/stackFiles";

/** What the caller of `make` chose. */
export interface StackOptions {
    /** Stack to act on; `Pulumi.<stack>.yaml` holds its settings. */
    readonly stack: string;
    /** kubectl context to deploy to; the embedded cluster's unless CONTEXT names another. */
    readonly context: string;
    /** True when the context is the embedded cluster's, so that this machine's kubeconfig of it is used. */
    readonly embedded: boolean;
    /** Path of the CSV, or of a folder with CSVs, that `make up` uploads, when DATASET names one. */
    readonly dataset: string | undefined;
    /** The same for `make data`, when FILE names one. */
    readonly file: string | undefined;
    /** Sizes to deploy with in place of the stack's own `flts:profile`, when PROFILE names them. */
    readonly profile: string | undefined;
    /** True to forget a stack on the user's own cluster without deleting anything of it. */
    readonly forget: boolean;
    /** True to let `make doctor` repair what it finds. */
    readonly fix: boolean;
    /** Names of objects with data that this run may delete, separated by commas, when ALLOW_DATA_LOSS has any. */
    readonly allowDataLoss: string | undefined;
}

/** Reads STACK, CONTEXT, DATASET, FILE, PROFILE, FORGET, FIX and ALLOW_DATA_LOSS; empty counts as absent, because make exports unset variables as empty. */
export function readOptions(environment: NodeJS.ProcessEnv): StackOptions {
    const stack = chosenStack(environment);
    if (!/^[a-z][a-z0-9-]*$/.test(stack)) {
        fail(`STACK=${stack}: a stack is named by lower-case letters, digits and hyphens; try STACK=dev.`);
    }
    const context = environment.CONTEXT?.trim() ? environment.CONTEXT.trim() : contextName;
    const forget = readConsent("FORGET", environment.FORGET, "forget a stack without deleting it");
    const fix = readConsent("FIX", environment.FIX, "repair what is wrong");
    return {
        stack,
        context,
        embedded: context === contextName,
        dataset: environment.DATASET?.trim() ? environment.DATASET.trim() : undefined,
        file: environment.FILE?.trim() ? environment.FILE.trim() : undefined,
        profile: environment.PROFILE?.trim() ? environment.PROFILE.trim() : undefined,
        forget,
        fix,
        allowDataLoss: environment.ALLOW_DATA_LOSS?.trim() ? environment.ALLOW_DATA_LOSS.trim() : undefined,
    };
}

/** A variable that is yes, no or left out. */
function readConsent(name: string, value: string | undefined, purpose: string): boolean {
    const answer = value?.trim() ?? "";
    if (!["", "yes", "no"].includes(answer)) {
        fail(`${name}=${answer}: say yes to ${purpose}, or leave it out.`);
    }
    return answer === "yes";
}
