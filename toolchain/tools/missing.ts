import type { Needs } from "./needs";
import { findSystemProgram, toolStore } from "./paths";
import type { CachedToolName } from "./pins";
import type { ToolStore } from "./store";
import { systemPrograms, type SystemProgramName } from "./systemPrograms";

/** What is still to be got of what is needed. */
export interface Missing {
    readonly tools: readonly CachedToolName[];
    readonly programs: readonly SystemProgramName[];
}

/** Finds what is missing. Cheap: it looks at sizes and times of files, not at contents. */
export function findMissing(
    needs: Needs,
    store: ToolStore = toolStore(),
    find: (name: SystemProgramName) => string | undefined = findSystemProgram,
): Missing {
    return {
        tools: needs.tools.filter((name) => store.find(name) === undefined),
        programs: needs.programs.filter((name) => find(name) === undefined),
    };
}

/** Debian packages of these programs, each once. */
export function packagesOf(programs: readonly SystemProgramName[]): string[] {
    return [...new Set(programs.map((name) => systemPrograms[name].debianPackage))].sort();
}
