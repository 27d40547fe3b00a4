import { existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

import { formatBytes } from "../console/index";
import { must, run } from "./command";
import { goBuild } from "./pins";

/** Folder of Go caches of our own, from FLTS_GO_CACHE; undefined means that the user's are used. */
function ownGoCache(environment: NodeJS.ProcessEnv = process.env): string | undefined {
    const path = environment.FLTS_GO_CACHE?.trim() ?? "";
    return path === "" ? undefined : resolve(path);
}

/** What `go` gets beside this process's environment. */
export function goEnvironment(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
    const own = ownGoCache(environment);
    return {
        ...goBuild.environment,
        // A workspace above the checkout would replace the pinned modules.
        GOWORK: "off",
        GONOSUMDB: [environment.GONOSUMDB, ...goBuild.withoutChecksumDatabase]
            .filter((each) => each !== undefined && each !== "")
            .join(","),
        ...(own === undefined ? {} : { GOCACHE: join(own, "build"), GOMODCACHE: join(own, "modules") }),
    };
}

/** One sentence on how much disk Go's caches take and how to clear them. */
export async function describeGoCaches(): Promise<string> {
    const answer = await must("go", ["env", "-json", "GOCACHE", "GOMODCACHE"], {
        environment: goEnvironment(),
    });
    const { GOCACHE, GOMODCACHE } = JSON.parse(answer) as { GOCACHE: string; GOMODCACHE: string };
    const [build, modules] = [await directorySize(GOCACHE), await directorySize(GOMODCACHE)];
    const remedy =
        ownGoCache() === undefined
            ? "they are your own; `go clean -cache -modcache` clears them (a later build starts cold)"
            : "`make clean-caches` clears them (a later build starts cold)";
    return `Go's caches hold ${formatBytes(build)} of compiled packages and ${formatBytes(modules)} of modules: ${remedy}.`;
}

/** Bytes on disk below `path`, 0 if it is not there. */
export async function directorySize(path: string): Promise<number> {
    if (!existsSync(path)) {
        return 0;
    }
    // A hundred thousand small files: du is several times faster than walking them here.
    const result = await run("du", ["--summarize", "--bytes", path]);
    return Number(result.stdout.split("\t")[0] ?? 0);
}

/** Removes the Go caches if they are ours. Returns the bytes freed, or undefined if they are the user's. */
export async function removeGoCaches(): Promise<number | undefined> {
    const own = ownGoCache();
    if (own === undefined) {
        return undefined;
    }
    const folders = [join(own, "build"), join(own, "modules")];
    let freed = 0;
    for (const folder of folders.filter(existsSync)) {
        freed += await directorySize(folder);
        // go keeps modules read-only, and only its own clean command lifts that.
        await must("go", ["clean", folder.endsWith("modules") ? "-modcache" : "-cache"], {
            environment: goEnvironment(),
        });
        rmSync(folder, { recursive: true, force: true });
    }
    return freed;
}
