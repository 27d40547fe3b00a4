import { settingDescriptions, type SettingDescription } from "./catalogue";
import { sizesByProfile } from "./declarations";

const INTRODUCTION = `# Settings

Every setting of a stack, with its default. \`pulumi config set --path 'flts:kafka.brokers' 3\` sets one; \`Pulumi.<stack>.yaml\`
holds what a stack overrides. All wrong values are reported in one run, before anything is created.

Generated from [stacks/settings](../stacks/settings) by \`npm run settings\`. Do not edit it by hand.
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
    const tables = [...groups].map(
        ([group, settings]) =>
            `## ${group}\n\n| setting | meaning | allowed | default |\n| --- | --- | --- | --- |\n${settings.map(row).join("")}`,
    );
    return [INTRODUCTION, ...tables].join("\n");
}

function row(setting: SettingDescription): string {
    const cells = [`\`flts:${setting.path}\``, setting.description, setting.allowed, defaultOf(setting)];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("<", "&lt;")).join(" | ")} |\n`;
}

function defaultOf(setting: SettingDescription): string {
    const sizes = sizesByProfile(setting);
    if (sizes !== undefined) {
        return sizes;
    }
    return setting.fallback === undefined ? "" : `\`${JSON.stringify(setting.fallback)}\``;
}
