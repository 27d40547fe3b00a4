import { settingDescriptions, type SettingDescription } from "./catalogue";
import { sizesByProfile } from "./declarations";

const INTRODUCTION = `# Settings

Every setting of a stack, with its default. \`pulumi config set --path 'flts:kafka.brokers' 3\` sets one; \`Pulumi.<stack>.yaml\`
holds what a stack overrides. All wrong values are reported in one run, before anything is created.

Generated from [stacks/settings](../stacks/settings) by \`npm run settings\`. Do not edit it.
`;

/** Settings without a group of their own, first on the page. */
const GENERAL = "general";

/** The page docs/settings.md: one table a group, in the order of the schema. */
export function settingsPage(): string {
    const groups = new Map<string, SettingDescription[]>();
    for (const setting of settingDescriptions()) {
        const group = setting.path.includes(".") ? setting.path.slice(0, setting.path.indexOf(".")) : GENERAL;
        groups.set(group, [...(groups.get(group) ?? []), setting]);
    }
    return [INTRODUCTION, ...[...groups].map(([group, settings]) => table(group, settings))].join("\n");
}

/** A group that has examples shows them in a column of their own. */
function table(group: string, settings: readonly SettingDescription[]): string {
    const examples = settings.some(({ example }) => example !== undefined);
    const head = ["setting", "meaning", "allowed", "default", ...(examples ? ["example"] : [])];
    const rows = settings.map((setting) => [
        `\`flts:${setting.path}\``,
        setting.description,
        setting.allowed,
        defaultOf(setting),
        ...(examples ? [code(setting.example)] : []),
    ]);
    return `## ${group}\n\n${[head, head.map(() => "---"), ...rows].map(line).join("")}`;
}

function line(cells: readonly string[]): string {
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("<", "&lt;")).join(" | ")} |\n`;
}

function code(value: unknown): string {
    return value === undefined ? "" : `\`${JSON.stringify(value)}\``;
}

function defaultOf(setting: SettingDescription): string {
    const sizes = sizesByProfile(setting);
    if (sizes !== undefined) {
        return sizes;
    }
    return code(setting.fallback);
}
