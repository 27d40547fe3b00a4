import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { charts, images } from "../images/catalogue";
import { toolchainDirectory } from "../tools/directories";
import { goPrograms, prerequisites } from "../tools/pins";
import lifecycles from "./lifecycles.json";

/** A component whose version this project pins. */
export interface Pinned {
    readonly kind: string;
    readonly name: string;
    readonly version: string;
    /** File that pins it, from the project's root. */
    readonly source: string;
    /** Last day of its maintainers' support, ISO 8601; undefined where they publish none. */
    readonly supportEnds: string | undefined;
}

interface Lifecycle {
    /** Page that publishes the dates. */
    readonly page: string;
    /** Last day of support by release line: the first numbers of a version, or its name. */
    readonly ends: Readonly<Record<string, string>>;
}

/** Components whose maintainers publish an end of support. */
export const published: Readonly<Record<string, Lifecycle>> = lifecycles;

/** Images and programs that have a published end of support, by name. */
const lifecycleNames: Readonly<Record<string, string>> = {
    postgres: "PostgreSQL",
    "postgres-15": "PostgreSQL",
    haproxy: "HAProxy",
    kubernetes: "Kubernetes",
};

/** A version that says nothing: the program is this project's own. */
const ownVersion = "0.1.0";

const root = resolve(toolchainDirectory, "..");
const read = (...path: readonly string[]): string => readFileSync(join(root, ...path), "utf8");

/** Last day of support of a version: that of the longest release line it belongs to. Fails where none is recorded. */
export function supportEnds(component: string, version: string): string {
    const ends = published[component]?.ends ?? {};
    const line = Object.keys(ends).find((each) => version === each || version.startsWith(`${each}.`));
    const end = line === undefined ? undefined : ends[line];
    if (end === undefined) {
        throw new Error(
            `toolchain/support/lifecycles.json has no end of support of ${component} ${version}; add it from ${published[component]?.page ?? "its page"}`,
        );
    }
    return end;
}

function platform(): Pinned[] {
    const pins = "toolchain/tools/pins.ts";
    const python = prerequisites.python3;
    return [
        ["Node.js", read(".node-version").trim(), ".node-version"],
        ["Go", prerequisites.go, pins],
        ["Python", python, pins],
        ...images.flatMap(({ suite }) =>
            suite === undefined ? [] : [["Debian", suite, "images/images.json"]],
        ),
    ].map(([name = "", version = "", source = ""]) => ({
        kind: "platform",
        name,
        version,
        source,
        supportEnds: supportEnds(name, version),
    }));
}

function programs(): Pinned[] {
    return Object.entries(goPrograms)
        .filter(([, { version }]) => version !== ownVersion)
        .map(([name, { version, module }]) => ({
            kind: "Go program",
            name,
            version,
            source: `toolchain/${module}/go.mod`,
            supportEnds: knownEnd(name, version),
        }));
}

function containers(): Pinned[] {
    return images
        .filter(({ tag, program }) => tag !== undefined && program === undefined)
        .map(({ name, tag = "" }) => {
            const version = tag.replace(/^v/, "").replace(/-[a-z]+$/, "");
            return {
                kind: "image",
                name,
                version,
                source: "images/images.json",
                supportEnds: knownEnd(name, version),
            };
        });
}

function knownEnd(name: string, version: string): string | undefined {
    const component = lifecycleNames[name];
    return component === undefined ? undefined : supportEnds(component, version);
}

function npmPackages(): Pinned[] {
    const manifest = JSON.parse(read("package.json")) as Record<string, Record<string, string> | undefined>;
    return Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([name, version]) => ({
            kind: "npm",
            name,
            version,
            source: "package.json",
            supportEnds: undefined,
        }));
}

/** The packages that services name, in the versions of their locks. */
function pythonPackages(): Pinned[] {
    const direct = new Set(
        [...read("services", "pyproject.toml").matchAll(/^ +"([a-z0-9-]+)(?:\[[^\]]*\])?[>=]/gm)].map(
            ([, name]) => name,
        ),
    );
    const found = new Map<string, Pinned>();
    for (const file of readdirSync(join(root, "services", "requirements"))
        .filter((name) => name.endsWith(".txt"))
        .sort()) {
        for (const [, name = "", version = ""] of read("services", "requirements", file).matchAll(
            /^([a-z0-9-]+)==([^\s;]+)/gm,
        )) {
            if (direct.has(name) && !found.has(name)) {
                const source = `services/requirements/${file}`;
                found.set(name, { kind: "Python", name, version, source, supportEnds: undefined });
            }
        }
    }
    return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

function actions(): Pinned[] {
    const folder = join(".github", "workflows");
    const found = new Map<string, Pinned>();
    for (const file of readdirSync(join(root, folder)).sort()) {
        for (const [, name = "", version = ""] of read(folder, file).matchAll(
            /uses: ([\w./-]+)@[0-9a-f]{40} # v(\S+)/g,
        )) {
            found.set(name, {
                kind: "action",
                name,
                version,
                source: `${folder}/${file}`,
                supportEnds: undefined,
            });
        }
    }
    return [...found.values()];
}

/** Every component that this project pins, by kind. */
export function pinnedComponents(): Pinned[] {
    const chart: Pinned = {
        kind: "chart",
        name: "minio",
        version: charts.minio.version,
        source: "images/images.json",
        supportEnds: undefined,
    };
    return [
        ...platform(),
        ...programs(),
        ...containers(),
        chart,
        ...npmPackages(),
        ...pythonPackages(),
        ...actions(),
    ];
}
