import { findSystemProgram, toolStore } from "./paths";
import { cachedToolNames, type CachedToolName } from "./pins";
import { systemPrograms, type SystemProgramName } from "./systemPrograms";
import type { ToolStore } from "./store";

/** What is still to be got. */
export interface Missing {
    readonly tools: readonly CachedToolName[];
    /** Debian packages. */
    readonly packages: readonly string[];
}

/** Finds what is missing. Cheap: it looks at sizes and times of files, not at contents. */
export function findMissing(store: ToolStore = toolStore()): Missing {
    return {
        tools: cachedToolNames.filter((name) => store.find(name) === undefined),
        packages: missingPackages(),
    };
}

/** Debian packages of the programs that are missing, each once; empty if all are there. */
export function missingPackages(
    find: (name: SystemProgramName) => string | undefined = findSystemProgram,
): string[] {
    const names = Object.keys(systemPrograms) as SystemProgramName[];
    const packages = names
        .filter((name) => find(name) === undefined)
        .map((name) => systemPrograms[name].debianPackage);
    return [...new Set(packages)].sort();
}
