import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";

import * as pins from "./pins";
import { goBuild, goPrograms, type CachedToolName } from "./pins";

/** Everything below `path` that is source of a Go program, in a fixed order. Test files are not part of it. */
function goSources(path: string): string[] {
    if (!existsSync(path)) {
        return [];
    }
    if (statSync(path).isFile()) {
        return [path];
    }
    return readdirSync(path, { withFileTypes: true })
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .flatMap((entry) => {
            const child = join(path, entry.name);
            if (entry.isDirectory()) {
                return goSources(child);
            }
            // The plugin's schema is copied out of the pinned module by the build: go.sum stands for it.
            const generated = entry.name.endsWith("_test.go") || entry.name.endsWith(".json");
            return generated ? [] : [child];
        });
}

function digest(toolchain: string, facts: unknown, paths: readonly string[]): string {
    const hash = createHash("sha256").update(JSON.stringify(facts));
    for (const path of paths.flatMap((each) => goSources(join(toolchain, each)))) {
        const content = readFileSync(path);
        hash.update(`\0${relative(toolchain, path)}\0${content.length}\0`).update(content);
    }
    return hash.digest("hex").slice(0, 16);
}

const platform = `${process.platform}-${process.arch}`;

/** Hash of all that the tools are made of: pins, go.sum, our Go sources, platform. Names their folder in the cache. */
export function toolsKey(toolchain: string, restriction = ""): string {
    return digest(toolchain, { pins, platform, restriction }, ["go", "pins"]);
}

/** Hash of what one tool is made of. A tool with the same hash need not be made again when other pins change. */
export function toolHash(toolchain: string, name: CachedToolName, restriction = ""): string {
    if (name === "kubectl") {
        return digest(toolchain, { pin: pins.kubectl, platform, restriction }, []);
    }
    const program = goPrograms[name];
    const own = program.package.startsWith("./") ? [join(program.module, program.package)] : [];
    return digest(toolchain, { pin: program, goBuild, set: pins.pulumi, platform, restriction }, [
        join(program.module, "go.mod"),
        join(program.module, "go.sum"),
        join(program.module, "internal"),
        ...own,
    ]);
}
