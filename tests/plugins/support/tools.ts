import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { pulumiEnvironment, toolPath, type ToolName } from "../../../toolchain/tools/paths";

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

export type PostgresProgram = "initdb" | "pg_dump" | "pg_restore" | "postgres" | "psql";

/** A program of PostgreSQL, from the folder FLTS_POSTGRES_BIN or else the toolchain's. */
export function postgresProgram(name: PostgresProgram): string {
    return join(located("FLTS_POSTGRES_BIN", "postgresql-15"), name);
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
