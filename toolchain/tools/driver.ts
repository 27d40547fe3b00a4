import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { createConsole, fail, formatDuration, Progress, UserError, type Console } from "../console/index";
import { NoCandidateError } from "./choice";
import type { BuildContext } from "./context";
import { installPackages } from "./debian";
import { cacheDirectory, toolchainDirectory } from "./directories";
import { Durations } from "./durations";
import { buildGoPrograms, coldBuildEstimate, type Failures } from "./go";
import { describeGoCaches } from "./goCaches";
import { toolHash } from "./key";
import { getKubectl } from "./kubectl";
import { withLock } from "./lock";
import { findMissing, packagesOf } from "./missing";
import type { Needs } from "./needs";
import { sourceRestriction, toolStore } from "./paths";
import { isInPulumiSet, pulumiSet, type CachedToolName, type GoProgramName } from "./pins";
import { choosePulumiSet } from "./pulumi";
import { together } from "./together";

/** Work that takes programs of the machine alone, so that it can be done while tools are built. */
export interface WorkBeside {
    /** Memory in bytes that it may take. */
    readonly memory: number;
    run(progress: Progress, signal: AbortSignal): Promise<void>;
}

/**
 * Gets every tool of `needs` that is missing and returns how many were. Each tool is complete by itself, so a run after an
 * interruption or a failure does only what is left.
 *
 * @param beside is done while tools are built, and not at all where none is missing. When either fails, the other stops.
 */
export async function makeTools(
    needs: Needs,
    console: Console = createConsole(),
    beside?: WorkBeside,
): Promise<number> {
    const store = toolStore();
    const before = findMissing(needs, store);
    const count = before.tools.length + before.programs.length;
    if (count === 0) {
        return 0;
    }
    const context: BuildContext = {
        store,
        console,
        progress: new Progress(console),
        durations: new Durations(join(cacheDirectory(), "durations.json")),
        logs: join(cacheDirectory(), "logs"),
        restriction: sourceRestriction(),
        hashOf: (name) => toolHash(toolchainDirectory, name, sourceRestriction()),
    };
    const started = Date.now();
    const wait = (holder: string): void => {
        console.line(`Another run (process ${holder}) is building the tools: waiting for it.`);
    };
    await withLock(join(store.parent, ".lock"), wait, async () => {
        store.clearStaging();
        try {
            await makeMissing(context, needs, realSteps, beside);
        } finally {
            rmSync(store.staging, { recursive: true, force: true });
        }
    });
    console.line(
        `Tools are ready after ${formatDuration(Date.now() - started)}. ${await describeGoCaches()}`,
    );
    return count;
}

/** The work behind the steps; a test puts its own in. */
export interface Steps {
    installPackages(context: BuildContext, packages: readonly string[]): Promise<void>;
    getKubectl(context: BuildContext): Promise<void>;
    choosePulumiSet: typeof choosePulumiSet;
    buildGoPrograms(context: BuildContext, names: readonly GoProgramName[]): Promise<Failures>;
}

const realSteps: Steps = { installPackages, getKubectl, choosePulumiSet, buildGoPrograms };

/** Does the steps that are left, in order. Only for the holder of the lock. */
export async function makeMissing(
    context: BuildContext,
    needs: Needs,
    steps: Steps = realSteps,
    beside?: WorkBeside,
): Promise<void> {
    mkdirSync(context.logs, { recursive: true });
    // Again under the lock: the run that was waited for may have done it all.
    const { programs } = findMissing(needs, context.store);
    if (programs.length > 0) {
        await steps.installPackages(context, packagesOf(programs));
    }
    for (const name of findMissing(needs, context.store).tools) {
        await context.store.adopt(name, context.hashOf(name));
    }
    if (beside === undefined || findMissing(needs, context.store).tools.length === 0) {
        await makeMissingTools(context, needs, steps);
        return;
    }
    await together([
        (signal) => makeMissingTools({ ...context, signal, reserved: beside.memory }, needs, steps),
        (signal) => beside.run(context.progress, signal),
    ]);
}

async function makeMissingTools(context: BuildContext, needs: Needs, steps: Steps): Promise<void> {
    const failures: Failures = new Map();
    if (findMissing(needs, context.store).tools.includes("kubectl")) {
        await attempt("kubectl", failures, () =>
            withDuration(context, "Get kubectl", "kubectl", () => steps.getKubectl(context)),
        );
    }
    await makeGoPrograms(context, needs, steps, failures);
    if (failures.size > 0) {
        const list = [...failures].map(([name, reason]) => `${name}: ${reason}`).join("\n");
        fail(`${failures.size} of the tools could not be made; the others were.\n${list}`);
    }
}

async function makeGoPrograms(
    context: BuildContext,
    needs: Needs,
    steps: Steps,
    failures: Failures,
): Promise<void> {
    const isMissing = (name: GoProgramName): boolean =>
        needs.tools.includes(name) && context.store.find(name) === undefined;
    // A set that was begun is completed from the same source.
    const begun = pulumiSet.some((name) => context.store.find(name)?.source === "build");
    if (!begun && pulumiSet.some(isMissing)) {
        await attempt("pulumi", failures, async () => {
            const choice = await withDuration(context, "Look for Pulumi", "pulumi", () =>
                steps.choosePulumiSet(context),
            );
            choice.refusals.forEach((refusal) => {
                context.console.line(`  not from ${refusal}`);
            });
        });
    }
    const names = findMissing(needs, context.store).tools.filter(
        (name): name is GoProgramName =>
            name !== "kubectl" && !(failures.has("pulumi") && isInPulumiSet(name)),
    );
    if (names.length > 0) {
        context.console.line(
            `Building ${names.join(", ")}; with empty Go caches this takes about ${coldBuildEstimate(names)}.`,
        );
        (await steps.buildGoPrograms(context, names)).forEach((reason, name) => failures.set(name, reason));
    }
}

function withDuration<T>(
    context: BuildContext,
    title: string,
    name: string,
    work: () => Promise<T>,
): Promise<T> {
    const estimate = context.durations.get(name);
    return context.progress.step(title, estimate === undefined ? {} : { estimate }, () =>
        context.durations.measure(name, work),
    );
}

/** Keeps a clear failure for the end, so that the other tools are still made. */
async function attempt(name: CachedToolName, failures: Failures, work: () => Promise<void>): Promise<void> {
    try {
        await work();
    } catch (error) {
        if (!(error instanceof UserError || error instanceof NoCandidateError)) {
            throw error;
        }
        failures.set(name, error.message);
    }
}
