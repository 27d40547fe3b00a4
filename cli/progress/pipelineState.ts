import { spawnSync } from "node:child_process";
import { TRAINER_NAMES } from "../../components/contract";
import { toolPath } from "../../toolchain/tools/paths";
import type { DataVersion } from "./forecast";
import { stageOf, type Stage } from "./stage";

/** What the last preprocess Job did with the dataset it was given. */
export interface Preprocessed {
    readonly data: DataVersion;
    /** True when the same data had been processed before, so that nothing was announced. */
    readonly skipped: boolean;
    /** When it said so, in milliseconds since 1970. */
    readonly at: number;
}

/** The outcome in a preprocess Job's log, undefined while there is none. */
export function preprocessedOf(log: string): Preprocessed | undefined {
    for (const line of log.trim().split("\n").reverse()) {
        const [, event] = /"event": ?"(claims_published|skip_idempotent)"/.exec(line) ?? [];
        if (event !== undefined) {
            const { config_hash, generation, timestamp } = JSON.parse(line) as DataVersion & {
                readonly timestamp: string;
            };
            return {
                data: { config_hash, generation },
                skipped: event === "skip_idempotent",
                at: Date.parse(timestamp),
            };
        }
    }
    return undefined;
}

/** Selects the pods of all trainers. */
export const TRAINERS = `app.kubernetes.io/name in (${Object.values(TRAINER_NAMES).join(",")})`;

/** Looks into the running pipeline of one stack, through kubectl. */
export class PipelineState {
    constructor(
        private readonly environment: NodeJS.ProcessEnv,
        private readonly context: string,
        private readonly namespace: string,
    ) {}

    /** The stage that the trainers are at. */
    stage(): Stage {
        return stageOf(this.kubectl("logs", "--selector", TRAINERS, "--tail", "20"));
    }

    /** What the stack's preprocess Job did. */
    preprocessed(): Preprocessed | undefined {
        const selector = "app.kubernetes.io/name=preprocess,app.kubernetes.io/component=job";
        return preprocessedOf(this.kubectl("logs", "--selector", selector, "--tail", "-1"));
    }

    /** Processes and announces the dataset again, although it was processed before. */
    reprocess(): Preprocessed | undefined {
        const command = ["python", "main.py", "--reprocess"];
        return preprocessedOf(this.kubectl("exec", "deployment/preprocess", "--", ...command));
    }

    private kubectl(...parameters: readonly string[]): string {
        const options = ["--context", this.context, "--namespace", this.namespace];
        return spawnSync(toolPath("kubectl"), [...options, ...parameters], {
            env: this.environment,
            encoding: "utf8",
        }).stdout;
    }
}
