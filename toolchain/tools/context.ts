import { join } from "node:path";

import type { Console, Progress } from "../console/index";
import type { Durations } from "./durations";
import type { CachedToolName } from "./pins";
import type { Source, ToolStore } from "./store";

/** What every step of the driver works with. */
export interface BuildContext {
    readonly store: ToolStore;
    readonly console: Console;
    readonly progress: Progress;
    readonly durations: Durations;
    /** Folder of the logs, one file a step. */
    readonly logs: string;
    /** The only source tools may come from; undefined for the first that works. */
    readonly restriction: Source | undefined;
    /** Aborted when other work fails that runs beside this. */
    readonly signal?: AbortSignal;
    /** Memory in bytes that is left to work beside the compilers. */
    readonly reserved?: number;
    /** Hash of what the tool is made of. */
    hashOf(name: CachedToolName): string;
}

export function logOf(context: BuildContext, step: string): string {
    return join(context.logs, `tools-${step}.log`);
}
