import { accessSync, constants, existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";

import { fail } from "../console/index";
import { cacheDirectory, toolchainDirectory } from "./directories";
import { toolsKey } from "./key";
import { cachedToolNames, type CachedToolName, type ToolName } from "./pins";
import { ToolStore, type Source } from "./store";
import { systemPrograms, type SystemProgram, type SystemProgramName } from "./systemPrograms";

export { cacheDirectory, stateDirectory } from "./directories";
export type { ToolName } from "./pins";

/** The only source to take tools from, if FLTS_TOOLS_SOURCE names one (`path`, `download` or `build`). */
export function sourceRestriction(environment: NodeJS.ProcessEnv = process.env): Source | undefined {
    const value = environment.FLTS_TOOLS_SOURCE?.trim() ?? "";
    if (value === "") {
        return undefined;
    }
    const sources: readonly string[] = ["path", "download", "build"];
    return sources.includes(value)
        ? (value as Source)
        : fail(
              `FLTS_TOOLS_SOURCE=${value}: use ${sources.join(", ")}, or leave it out for the first that works.`,
          );
}

let current: ToolStore | undefined;

/** The folder of tools that fits the pins and sources as they are now. */
export function toolStore(): ToolStore {
    current ??= new ToolStore(
        join(cacheDirectory(), "tools"),
        toolsKey(toolchainDirectory, sourceRestriction()),
    );
    return current;
}

/** A program in a folder of `path` (in the form of PATH) or in one of `directories`; undefined if there is none. */
export function findExecutable(
    name: string,
    path = process.env.PATH ?? "",
    directories: readonly string[] = [],
): string | undefined {
    return [...path.split(delimiter).filter((each) => each !== ""), ...directories]
        .map((directory) => join(directory, name))
        .find(isExecutable);
}

function isExecutable(path: string): boolean {
    try {
        accessSync(path, constants.X_OK);
        return true;
    } catch {
        return false;
    }
}

/** Where a program (or, for those with `contains`, a folder of programs) of the machine is; undefined if absent. */
export function findSystemProgram(name: SystemProgramName): string | undefined {
    const program: SystemProgram = systemPrograms[name];
    const { contains, directories = [] } = program;
    return contains === undefined
        ? findExecutable(name, undefined, directories)
        : directories.find((directory) => existsSync(join(directory, contains)));
}

/**
 * Absolute path of a tool: an executable, or for `cni-plugins` and `postgresql-15` a folder of executables. Fails with a
 * message naming `make tools` when the tool is not there or was made from other pins or sources.
 */
export function toolPath(name: ToolName): string {
    if ((cachedToolNames as readonly string[]).includes(name)) {
        const tool = toolStore().find(name as CachedToolName);
        return tool === undefined
            ? fail(
                  `${name} is not built for the present pins and sources of the toolchain: run \`make tools\`.`,
              )
            : toolStore().absolute(tool);
    }
    const program = systemPrograms[name as SystemProgramName] as SystemProgram | undefined;
    if (program === undefined) {
        return fail(`${name} is not a tool of toolchain/tools/pins.ts.`);
    }
    return (
        findSystemProgram(name as SystemProgramName) ??
        fail(`${name} is missing (Debian package ${program.debianPackage}): run \`make tools\` as root.`)
    );
}

/**
 * Environment for running `pulumi` with the toolchain's plugins: this process's own, with the command line first on PATH
 * and, unless it is the user's own installation, a home for the plugins and no attempt to fetch others. The language host
 * is found beside the command line. The user's logins stay in use.
 */
export function pulumiEnvironment(): NodeJS.ProcessEnv {
    const cli = toolPath("pulumi");
    const environment: NodeJS.ProcessEnv = {
        ...process.env,
        PATH: `${dirname(cli)}${delimiter}${process.env.PATH ?? ""}`,
        PULUMI_SKIP_UPDATE_CHECK: "true",
    };
    if (toolStore().find("pulumi")?.source !== "path") {
        environment.PULUMI_HOME = pulumiHome();
        environment.PULUMI_CREDENTIALS_PATH ??= process.env.PULUMI_HOME ?? join(homedir(), ".pulumi");
        environment.PULUMI_IGNORE_AMBIENT_PLUGINS = "true";
        environment.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION = "true";
    }
    return environment;
}

/** Home folder of a downloaded or built Pulumi, which looks for plugins in `plugins/resource-<name>-v<version>/`. */
export function pulumiHome(): string {
    return join(toolStore().directory, "pulumi");
}
