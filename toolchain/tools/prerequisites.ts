import { fail } from "../console/index";
import { isAtLeast } from "./choice";
import { run } from "./command";
import { packagesOf, type Missing } from "./missing";
import type { Needs } from "./needs";
import { findExecutable } from "./paths";
import { goPrograms, isInPulumiSet, prerequisites, type GoProgramName } from "./pins";
import { systemPrograms } from "./systemPrograms";

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

/** What decides whether the work can be done on this machine. */
export interface Machine {
    readonly probe: VersionProbe;
    readonly isRoot: boolean;
    /** True if the machine's packages are installed with apt-get. */
    readonly hasApt: boolean;
}

/** The machine that this process runs on. */
function thisMachine(): Machine {
    return {
        probe: askProgram,
        isRoot: process.getuid?.() === 0,
        hasApt: findExecutable("apt-get") !== undefined,
    };
}

/** In a few words, why `program` is missing or too old; undefined if it will do. */
async function faultOf(
    program: keyof typeof prerequisites,
    args: readonly string[],
    probe: VersionProbe,
): Promise<string | undefined> {
    const wanted = prerequisites[program];
    const found = await probe(program, args);
    if (found === undefined) {
        return `${program} is missing: ${wanted} or newer`;
    }
    return isAtLeast(found, wanted) ? undefined : `${program} is ${found}: ${wanted} or newer`;
}

/** Why Go cannot build here; undefined if it can. */
export async function goFault(probe: VersionProbe = askProgram): Promise<string | undefined> {
    const fault = await faultOf("go", ["env", "GOVERSION"], probe);
    return fault === undefined
        ? undefined
        : `${fault} is needed; install it from https://go.dev/dl and put its bin folder on PATH`;
}

async function nodeFaults(probe: VersionProbe): Promise<string[]> {
    const fault = await faultOf("node", ["--version"], probe);
    return fault === undefined
        ? []
        : [
              `${fault} is needed to run this program; install it from https://nodejs.org or your package manager`,
          ];
}

async function goFaults(missing: Missing, probe: VersionProbe): Promise<string[]> {
    // Pulumi is built only where it is neither on PATH nor to be downloaded, and kubectl never.
    const built = missing.tools.filter(
        (name): name is GoProgramName => name !== "kubectl" && !isInPulumiSet(name),
    );
    const fault = built.length === 0 ? undefined : await goFault(probe);
    return fault === undefined
        ? []
        : [
              [
                  `${fault}. It builds`,
                  ...built.map((name) => `    ${name}: ${goPrograms[name].purpose}`),
              ].join("\n"),
          ];
}

function packageFaults({ programs }: Missing, { isRoot, hasApt }: Machine): string[] {
    if (programs.length === 0 || (isRoot && hasApt)) {
        return [];
    }
    const packages = packagesOf(programs).join(" ");
    const remedy = hasApt
        ? `run \`sudo apt-get install ${packages}\`, or the same make target as root`
        : "there is no apt-get here, so install them with your package manager";
    return [
        [
            `programs of the Debian packages ${packages} are missing; ${remedy}`,
            ...programs.map((name) => `    ${name}: ${systemPrograms[name].purpose}`),
        ].join("\n"),
    ];
}

function rootFaults({ root }: Needs, isRoot: boolean): string[] {
    return isRoot || root.length === 0
        ? []
        : [
              [
                  "root is required; use sudo, or deploy to a cluster of your own with CONTEXT=<kubectl context>",
                  ...root.map((reason) => `    ${reason}`),
              ].join("\n"),
          ];
}

/** Fails with all that this machine lacks, each once with its reason and its fix, before anything is begun. */
export async function requirePrerequisites(
    needs: Needs,
    missing: Missing,
    machine: Machine = thisMachine(),
): Promise<void> {
    const faults = [
        ...(await nodeFaults(machine.probe)),
        ...rootFaults(needs, machine.isRoot),
        ...packageFaults(missing, machine),
        ...(await goFaults(missing, machine.probe)),
    ];
    if (faults.length > 0) {
        fail(`this machine lacks what is needed. Nothing was started.\n${faults.join("\n")}`);
    }
}
