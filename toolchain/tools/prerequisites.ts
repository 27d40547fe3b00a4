import { fail } from "../console/index";
import { isAtLeast } from "./choice";
import { run } from "./command";
import { prerequisites } from "./pins";

type Prerequisite = keyof typeof prerequisites;

const questions: Readonly<Record<Prerequisite, { args: readonly string[]; fix: string }>> = {
    go: {
        args: ["env", "GOVERSION"],
        fix: "install it from https://go.dev/dl and put its bin folder on PATH",
    },
    node: {
        args: ["--version"],
        fix: "install it from https://nodejs.org or your package manager",
    },
    python3: {
        args: ["--version"],
        fix: "install it with your package manager (Debian 12: apt-get install python3 python3-venv)",
    },
};

/** What a program answers when asked for its version; undefined when there is no such program. */
export type VersionProbe = (program: string, args: readonly string[]) => Promise<string | undefined>;

const askProgram: VersionProbe = async (program, args) => {
    try {
        const result = await run(program, args);
        return result.code === 0 ? result.stdout.trim() : undefined;
    } catch {
        return undefined;
    }
};

/** Fails with all of `names` that are missing or too old, each with its fix, in one message. */
export async function checkPrerequisites(
    names: readonly Prerequisite[],
    probe: VersionProbe = askProgram,
): Promise<void> {
    const faults: string[] = [];
    for (const name of names) {
        const wanted = prerequisites[name];
        const { args, fix } = questions[name];
        const found = await probe(name, args);
        if (found === undefined) {
            faults.push(`${name} is missing: ${wanted} or newer is needed; ${fix}.`);
        } else if (!isAtLeast(found, wanted)) {
            faults.push(`${name} is ${found}: ${wanted} or newer is needed; ${fix}.`);
        }
    }
    if (faults.length > 0) {
        fail(faults.join("\n"));
    }
}
