import { availableParallelism } from "node:os";
import { join } from "node:path";

import { contextName } from "../cluster/layout";
import { createConsole, fail, formatBytes, formatDuration, runMain, table } from "../console/index";
import { imagesBeside } from "../images/beside";
import { imageFacts } from "../images/facts";
import { Journal } from "../steps/journal";
import { announcement, planUp } from "../steps/plan";
import { findSituation } from "../steps/situation";
import { chosenStack } from "../steps/stackFiles";
import { cleanCaches } from "./clean";
import { cacheDirectory } from "./directories";
import { makeTools } from "./driver";
import { findMissing } from "./missing";
import { buildsImages, needsOf, targetNames, type Needs, type Target } from "./needs";
import { findSystemProgram, toolStore } from "./paths";
import { cachedToolNames, cpuMinutesOf, goPrograms } from "./pins";
import { requirePrerequisites } from "./prerequisites";
import { systemPrograms, type SystemProgramName } from "./systemPrograms";

const usage = `Gets every tool of FLTS: found on PATH, downloaded, or built from pinned modules.

  make tools                 get all that is missing; every other target gets what it uses itself
  make tools-check           only report what is there, checking every file's content; fails if one is missing
  make clean-caches          remove tools of other pins, logs, and FLTS_GO_CACHE

  FLTS_CACHE                 where tools are kept (default ~/.cache/flts)
  FLTS_GO_CACHE              a folder for Go's caches (default: your own caches)
  FLTS_TOOLS_SOURCE          path, download or build: take tools from this source only`;

const output = createConsole();

/** Name of the milliseconds that tools took for each of their CPU-minutes, and how many of these make it worth keeping. */
const speed = "tools-per-cpu-minute";
const tellingCpuMinutes = 10;

/** Reports what is there; fails with the list of what is missing or no longer what was published. */
async function check(): Promise<void> {
    const store = toolStore();
    const faults: string[] = [];
    const rows: string[][] = [["TOOL", "VERSION", "FROM", "SIZE", "USED FOR"]];
    for (const name of cachedToolNames) {
        const purpose = name === "kubectl" ? "looking into the cluster" : goPrograms[name].purpose;
        const tool = store.find(name);
        if (tool === undefined) {
            faults.push(name);
        } else if (!(await store.verify(tool))) {
            faults.push(`${name} (changed since it was made: ${store.absolute(tool)})`);
        } else {
            rows.push([name, tool.version, tool.source, formatBytes(tool.bytes), purpose]);
        }
    }
    for (const name of Object.keys(systemPrograms) as SystemProgramName[]) {
        const { debianPackage, purpose } = systemPrograms[name];
        if (findSystemProgram(name) === undefined) {
            faults.push(`${name} (Debian package ${debianPackage})`);
        } else {
            rows.push([name, "", "system", "", purpose]);
        }
    }
    process.stdout.write(`${table(rows)}\n`);
    if (faults.length > 0) {
        fail(`missing: ${faults.join(", ")}; run \`make tools\`.`);
    }
}

/**
 * Gets what the make targets on the command line use.
 *
 * @param goals of one call of make; those that use no tools may be among them.
 */
async function getTools(goals: readonly string[]): Promise<void> {
    const context = process.env.CONTEXT?.trim() ?? "";
    const embedded = context === "" || context === contextName;
    const wanted = targetNames.filter((name) => goals.includes(name));
    const facts = await imageFacts(wanted.some((target: Target) => buildsImages(target, embedded)));
    const each = wanted.map((target) => needsOf(target, embedded, facts));
    const needs: Needs = {
        tools: [...new Set(each.flatMap(({ tools }) => tools))],
        programs: [...new Set(each.flatMap(({ programs }) => programs))],
        root: [...new Set(each.flatMap(({ root }) => root))],
    };
    const missing = findMissing(needs);
    await requirePrerequisites(needs, missing);
    const journal = new Journal();
    const cpuMinutes = cpuMinutesOf(missing.tools);
    if (wanted.includes("up")) {
        const stack = chosenStack(process.env);
        const perCpuMinute = journal.durations.get(speed) ?? 60_000 / availableParallelism();
        const plan = planUp(findSituation(needs, { stack, embedded }, perCpuMinute), (name) =>
            journal.durations.get(name),
        );
        output.line(announcement(plan));
        journal.begin(plan, Date.now() - performance.now());
    }
    // `make tools` asks for what images take, and builds none.
    const builds =
        !facts.fromBundle && wanted.some((name) => name !== "tools" && buildsImages(name, embedded));
    const started = Date.now();
    await journal.measure("tools", () => makeTools(needs, output, builds ? imagesBeside(output) : undefined));
    if (cpuMinutes >= tellingCpuMinutes) {
        journal.durations.set(speed, (Date.now() - started) / cpuMinutes);
    }
    const elapsed = formatDuration(performance.now());
    output.line(`${output.colors.green("✓")} tools are ready in ${toolStore().directory} (${elapsed})`);
}

async function main(): Promise<void> {
    const [command, ...rest] = process.argv.slice(2);
    if (rest.length > 0 && command !== "--for") {
        fail(`too many arguments: ${rest.join(" ")}\n${usage}`);
    }
    switch (command) {
        case "--for":
            return getTools(rest);
        case "--check":
            return check();
        case "--clean-caches":
            return cleanCaches(toolStore(), join(cacheDirectory(), "logs"), output);
        case "--help":
            process.stdout.write(`${usage}\n`);
            return;
        default:
            fail(`unknown argument ${command ?? "(none)"}\n${usage}`);
    }
}

void runMain(output, main);
