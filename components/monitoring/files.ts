import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";

/** Content of files by their names. */
export type Files = Readonly<Record<string, string>>;

/** Folder of all parts. */
const components = join(__dirname, "..");

/** Paths of the parts' alert rules: each is `rules.yaml` beside the code that it watches. */
export function rulePaths(): string[] {
    return pathsOf("rules.yaml");
}

/** The parts' alert rules, each named after its folder. */
export function ruleFiles(): Files {
    return filesAt(rulePaths());
}

/** Grafana's dashboards, each `dashboard.json` beside the code that it shows and named after its folder. */
export function dashboardFiles(): Files {
    return filesAt(pathsOf("dashboard.json"));
}

function pathsOf(name: string): string[] {
    return readdirSync(components, { recursive: true, encoding: "utf8" })
        .filter((path) => basename(path) === name)
        .sort()
        .map((path) => join(components, path));
}

function filesAt(paths: readonly string[]): Files {
    return Object.fromEntries(
        paths.map((path) => [`${basename(dirname(path))}${extname(path)}`, readFileSync(path, "utf8")]),
    );
}
