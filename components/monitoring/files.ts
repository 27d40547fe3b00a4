import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Content of files by their names. */
export type Files = Readonly<Record<string, string>>;

/** The alert rules. */
export function ruleFiles(): Files {
    return filesOf("rules", ".yaml");
}

/** Grafana's dashboards. */
export function dashboardFiles(): Files {
    return filesOf("dashboards", ".json");
}

function filesOf(folder: string, ending: string): Files {
    const directory = join(__dirname, folder);
    const names = readdirSync(directory).filter((name) => name.endsWith(ending));
    return Object.fromEntries(
        names.sort().map((name) => [name, readFileSync(join(directory, name), "utf8")]),
    );
}
