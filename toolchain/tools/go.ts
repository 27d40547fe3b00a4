import { constants, copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { basename, join } from "node:path";

import { formatDuration, type Report } from "../console/index";
import { lastLines, run, where, type CommandResult } from "./command";
import { logOf, type BuildContext } from "./context";
import { toolchainDirectory } from "./directories";
import { goEnvironment } from "./goCaches";
import { prepareKubernetesPlugin } from "./kubernetesPlugin";
import {
    cpuMinutesOf,
    goBuild,
    goModules,
    goPrograms,
    type GoModule,
    type GoProgram,
    type GoProgramName,
} from "./pins";

/** Why a program could not be built, by its name. */
export type Failures = Map<string, string>;

/** Memory in bytes that one compiler or linker of the large programs may take at its peak. */
const memoryPerProcess = 2.5e9;

/** The linker prints nothing: one program counts as this many packages (measured: 10 to 20 s against 0.3 s). */
const unitsPerLink = 40;

/** Builds of fewer units are mostly start-up and linking, and teach nothing about the speed of a large one. */
const tellingUnits = 400;

const rateName = "go-build-per-unit";

/** Where the program goes in the folder of tools: plugins where Pulumi looks for them, the others in bin. */
export function programPath(name: GoProgramName): string {
    const plugin = /^pulumi-resource-(.+)$/.exec(name)?.[1];
    return plugin === undefined
        ? join("bin", name)
        : join("pulumi", "plugins", `resource-${plugin}-v${goPrograms[name].version}`, name);
}

/**
 * Builds `names` from the pinned modules, all programs of a module by one `go build`, so that packages and their
 * scheduling are shared. A program that does not build does not stop the others. What stands is published; the rest is
 * returned with reasons.
 */
export async function buildGoPrograms(
    context: BuildContext,
    names: readonly GoProgramName[],
): Promise<Failures> {
    const failures: Failures = new Map();
    for (const module of goModules) {
        const members = names.filter((name) => goPrograms[name].module === module);
        if (members.length > 0) {
            await buildModule(context, module, members, failures);
        }
    }
    return failures;
}

async function buildModule(
    context: BuildContext,
    module: GoModule,
    names: readonly GoProgramName[],
    failures: Failures,
): Promise<void> {
    const directory = join(toolchainDirectory, module);
    // Taken before anything is read, and compared at the end: a source edited meanwhile must not pass for what was built.
    const hashes = new Map(names.map((name) => [name, context.hashOf(name)]));
    const present = names.filter((name) => {
        const missing = missingSource(directory, goPrograms[name]);
        if (missing !== undefined) {
            failures.set(name, `${missing} is missing`);
        }
        return missing === undefined;
    });
    const label = module === "go" ? "" : `-${basename(module)}`;
    if (present.includes("pulumi-resource-kubernetes")) {
        await prepareKubernetesPlugin(directory, logOf(context, `go-modules${label}`));
    }
    const plan = await planBuild(context, module, label, present, failures);
    const buildable = present.filter((name) => !failures.has(name));
    if (buildable.length === 0) {
        return;
    }
    // Kept between runs, whatever becomes of them: go sees by build id which programs are still what it would link.
    const output = join(context.store.parent, `.programs${label}`);
    mkdirSync(output, { recursive: true });
    const log = logOf(context, `go-build${label}`);
    const started = Date.now();
    const result = await context.progress.step(
        `Build ${buildable.length === 1 ? buildable.join() : `${buildable.length} Go programs`} (${plan.stale} packages)`,
        { estimate: estimateBuild(context, plan, buildable) },
        (report) => compile(context, directory, output, buildable, plan.units, log, report),
    );
    if (result.code === 0 && plan.units >= tellingUnits) {
        context.durations.set(rateName, (Date.now() - started) / plan.units);
    }
    for (const name of buildable) {
        const staged = join(output, name);
        const hash = context.hashOf(name);
        if (hash !== hashes.get(name)) {
            failures.set(name, "its sources or go.sum changed during the build; run `make tools` again");
        } else if (isNewer(staged, started)) {
            // go writes the programs that did build even if others fail, and touches those that were up to date.
            const copy = join(context.store.staging, `copy-of-${name}`);
            copyFileSync(staged, copy, constants.COPYFILE_FICLONE);
            await context.store.publish(name, copy, programPath(name), {
                hash,
                source: "build",
                version: goPrograms[name].version,
            });
        } else {
            failures.set(name, `go build failed with code ${result.code}${lastLines(result)}${where(log)}`);
        }
    }
}

/** The path of a source that should be there and is not; undefined if all is well. */
function missingSource(directory: string, program: GoProgram): string | undefined {
    const module = join(directory, "go.mod");
    if (!existsSync(module)) {
        return module;
    }
    if (!program.package.startsWith("./")) {
        return undefined;
    }
    const own = join(directory, program.package);
    const sources = existsSync(own) ? readdirSync(own).filter((file) => file.endsWith(".go")) : [];
    return sources.length > 0 ? undefined : join(own, "main.go");
}

interface BuildPlan {
    /** Packages that are not in Go's build cache yet. */
    readonly stale: number;
    /** Packages to compile and programs to link, in units of a package. */
    readonly units: number;
    /** As `units`, for an empty cache. */
    readonly coldUnits: number;
}

interface ListedPackage {
    readonly state: "stale" | "ready" | "broken";
    readonly path: string;
    readonly errors: string;
}

// What a package would cost: go knows from its build cache. A broken one is named by the program that needs it.
const listFormat = [
    `{{if .Error}}broken{{else if and .Stale (ne .StaleReason "not installed but available in build cache")}}stale`,
    `{{else}}ready{{end}}\t{{.ImportPath}}\t`,
    `{{with .Error}}{{printf "%q" .Err}} {{end}}{{range .DepsErrors}}{{printf "%q" .Err}} {{end}}`,
].join("");

/** Fetches the modules that are needed and counts the packages; programs that cannot be loaded go to `failures`. */
async function planBuild(
    context: BuildContext,
    module: GoModule,
    label: string,
    names: readonly GoProgramName[],
    failures: Failures,
): Promise<BuildPlan> {
    const log = logOf(context, `go-modules${label}`);
    const step = `go-modules${label}`;
    const estimate = context.durations.get(step);
    const result = await context.progress.step(
        `Fetch Go modules${label === "" ? "" : ` of ${label.slice(1)}`}`,
        estimate === undefined ? {} : { estimate },
        (report) => {
            let fetched = 0;
            const counts: Readonly<Record<string, number>> = goBuild.moduleCounts;
            const moduleCount = counts[module];
            return context.durations.measure(step, () =>
                run("go", ["list", "-e", "-deps", "-f", listFormat, ...buildArguments(names)], {
                    cwd: join(toolchainDirectory, module),
                    environment: goEnvironment(),
                    log,
                    onLine: (line) => {
                        if (line.startsWith("go: downloading")) {
                            fetched += 1;
                            report(
                                moduleCount === undefined ? undefined : fetched / moduleCount,
                                `${fetched} modules fetched`,
                            );
                        }
                    },
                }),
            );
        },
    );
    const packages = result.stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line): ListedPackage => {
            const [state = "", path = "", errors = ""] = line.split("\t");
            return { state: state as ListedPackage["state"], path, errors: errors.trim() };
        });
    for (const name of names) {
        const own = goPrograms[name].package;
        const found = packages.find(({ path }) =>
            own.startsWith("./") ? path.endsWith(own.slice(1)) : path === own,
        );
        if (found?.errors !== "") {
            const reason = found === undefined ? lastLines(result) : `\n    ${found.errors}`;
            failures.set(name, `its packages cannot be loaded${reason}${where(log)}`);
        }
    }
    const stale = packages.filter(({ state }) => state === "stale").length;
    const links = unitsPerLink * names.length;
    return { stale, units: stale + links, coldUnits: packages.length + links };
}

function estimateBuild(context: BuildContext, plan: BuildPlan, names: readonly GoProgramName[]): number {
    const pinned = (cpuMinutesOf(names) * 60_000) / availableParallelism() / plan.coldUnits;
    return plan.units * (context.durations.get(rateName) ?? pinned);
}

/** The arguments that decide what is compiled; `go list` must get the same ones to know what is in the cache. */
function buildArguments(names: readonly GoProgramName[]): string[] {
    const programs = names.map((name): GoProgram => goPrograms[name]);
    const variables = programs.flatMap((program) =>
        Object.entries(program.variables ?? {}).map(([variable, value]) => `-X ${variable}=${value}`),
    );
    const tags = new Set(programs.flatMap((program) => program.tags ?? []));
    return [
        ...goBuild.flags,
        ...(tags.size === 0 ? [] : ["-tags", [...tags].join(",")]),
        `-ldflags=${[...goBuild.linkerFlags, ...variables].join(" ")}`,
        ...programs.map((program) => program.package),
    ];
}

/** Compilers and linkers at a time: one a core, fewer where memory is short. */
export function parallelism(reserved = 0, cores = availableParallelism(), memory = totalmem()): number {
    return Math.max(1, Math.min(cores, Math.floor((memory - reserved) / memoryPerProcess)));
}

async function compile(
    context: BuildContext,
    directory: string,
    output: string,
    names: readonly GoProgramName[],
    units: number,
    log: string,
    report: Report,
): Promise<CommandResult> {
    let compiled = 0;
    let current = "";
    const started = Date.now();
    const update = (): void => {
        const linked = names.filter((name) => isNewer(join(output, name), started)).length;
        const done = Math.min(compiled, units - unitsPerLink * names.length) + unitsPerLink * linked;
        report(done / units, `${linked} of ${names.length} linked${current === "" ? "" : `, ${current}`}`);
    };
    const timer = setInterval(update, 1000);
    try {
        const args = [
            "build",
            "-v",
            "-p",
            String(parallelism(context.reserved)),
            "-o",
            `${output}/`,
            ...buildArguments(names),
        ];
        return await run("go", args, {
            cwd: directory,
            // go moves a program from there by a rename, on one file system: never half of one.
            environment: { ...goEnvironment(), GOTMPDIR: context.store.staging },
            log,
            signal: context.signal,
            onLine: (line) => {
                // With -v go prints the import path of each package it compiles; errors have blanks or start with #.
                if (/^[^\s#]+$/.test(line)) {
                    compiled += 1;
                    current = line;
                }
            },
        });
    } finally {
        clearInterval(timer);
    }
}

function isNewer(path: string, time: number): boolean {
    return (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= time;
}

/** For messages: how long a build of `names` is expected to take with empty caches, from the pinned estimates. */
export function coldBuildEstimate(names: readonly GoProgramName[], cores = availableParallelism()): string {
    return formatDuration((cpuMinutesOf(names) * 60_000) / cores);
}
