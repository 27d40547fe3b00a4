import { join } from "node:path";

import { createConsole, fail, formatBytes, formatDuration, runMain, table } from "../console/index";
import { cleanCaches } from "./clean";
import { cacheDirectory } from "./directories";
import { makeTools } from "./driver";
import { findMissing } from "./missing";
import { findSystemProgram, toolStore } from "./paths";
import { cachedToolNames, goPrograms } from "./pins";
import { systemPrograms, type SystemProgramName } from "./systemPrograms";

const usage = `Gets every tool of FLTS: found on PATH, downloaded, or built from pinned modules.

  make tools                 get what is missing
  make tools-check           only tell what is there, checking every file's content; fails if one is missing
  make clean-caches          remove tools of other pins, logs, and FLTS_GO_CACHE

  FLTS_CACHE                 where tools are kept (default ~/.cache/flts)
  FLTS_GO_CACHE              a folder for Go's caches (default: your own caches)
  FLTS_TOOLS_SOURCE          path, download or build: take tools from this source only`;

const output = createConsole();

/** Says what is there; fails with the list of what is missing or no longer what was published. */
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

async function main(): Promise<void> {
    const [command, ...rest] = process.argv.slice(2);
    if (rest.length > 0) {
        fail(`too many arguments: ${rest.join(" ")}\n${usage}`);
    }
    switch (command) {
        case undefined: {
            const missing = findMissing();
            if (missing.tools.length + missing.packages.length > 0) {
                await makeTools(output);
            }
            const elapsed = formatDuration(performance.now());
            output.line(
                `${output.colors.green("✓")} tools are ready in ${toolStore().directory} (${elapsed})`,
            );
            return;
        }
        case "--check":
            return check();
        case "--clean-caches":
            return cleanCaches(toolStore(), join(cacheDirectory(), "logs"), output);
        case "--help":
            process.stdout.write(`${usage}\n`);
            return;
        default:
            fail(`unknown argument ${command}\n${usage}`);
    }
}

void runMain(output, main);
