import { createInterface } from "node:readline/promises";
import { fail } from "../../toolchain/console/index";
import type { StackOptions } from "./options";
import type { SettingsTree } from "./settings";

/** What a confirmation needs of the caller. */
export interface Caller {
    readonly environment: NodeJS.ProcessEnv;
    readonly terminal: boolean;
    /** Asks on the terminal. */
    readonly ask: (question: string) => Promise<string>;
}

/** The caller of this process. */
export const caller: Caller = {
    environment: process.env,
    terminal: process.stdin.isTTY && process.stdout.isTTY,
    ask: async (question) => {
        const terminal = createInterface({ input: process.stdin, output: process.stdout });
        try {
            return await terminal.question(question);
        } finally {
            terminal.close();
        }
    },
};

/**
 * Has an update of a production stack confirmed: by its name on a terminal, or by CONFIRM.
 *
 * @param settings of the stack's file, of which `flts:production` says what it is.
 */
export async function confirmProduction(
    { stack, context }: StackOptions,
    settings: SettingsTree,
    { environment, terminal, ask }: Caller,
): Promise<void> {
    const production = [true, "true"].includes(settings["flts:production"] as string | boolean);
    const confirmed = environment.CONFIRM?.trim() ?? "";
    if (!production || confirmed === stack) {
        return;
    }
    if (confirmed !== "") {
        fail(`CONFIRM=${confirmed}: the stack is ${stack}; say CONFIRM=${stack}. Nothing was changed.`);
    }
    if (!terminal) {
        fail(
            `STACK=${stack} is a production stack (flts:production), and there is no terminal to ask on: say ` +
                `CONFIRM=${stack}. Nothing was changed.`,
        );
    }
    const answer = await ask(`Update the production stack ${stack} in context ${context}? Type its name: `);
    if (answer.trim() !== stack) {
        fail(`${stack} was not confirmed. Nothing was changed.`);
    }
}

/**
 * Refuses to keep the state of a real cluster in a folder of this machine unless the user asked for it: whoever loses the folder
 * can neither update nor destroy the stack.
 *
 * @param folder URL of the backend that is used where none is chosen.
 */
export function requireBackend(
    { embedded, context }: StackOptions,
    environment: NodeJS.ProcessEnv,
    folder: string,
): void {
    if (!embedded && !environment.PULUMI_BACKEND_URL?.trim()) {
        fail(
            `CONTEXT=${context} is not the embedded cluster, and PULUMI_BACKEND_URL is not set: state and passphrase would ` +
                "be in a folder of this machine alone. Name a backend, such as PULUMI_BACKEND_URL=s3://<bucket> " +
                "(https://www.pulumi.com/docs/iac/concepts/state-and-backends/), with PULUMI_CONFIG_PASSPHRASE_FILE; or choose " +
                `the folder knowingly: PULUMI_BACKEND_URL=${folder}. Nothing was changed.`,
        );
    }
}
