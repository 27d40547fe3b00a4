import { table, type Console } from "../../toolchain/console/index";
import type { Preview } from "./changes";
import { changeLine, countRows, drastic, headline, type Markup } from "./report";

/** The report of one preview for a terminal: what is created is counted, every other change has a line. */
export function terminalReport(preview: Preview, { colors }: Pick<Console, "colors">): string {
    const markup: Markup = { code: (text) => text, alarm: (text) => colors.red(text) };
    const changes = [
        ...drastic([preview]).map(({ change }) => change),
        ...preview.changes.filter(({ operation }) => operation === "update"),
    ];
    return [
        `Preview: ${headline([preview])}`,
        table(countRows([preview])),
        ...changes.map((change) => changeLine(change, markup)),
        ...preview.errors.map((error) => colors.red(error)),
    ].join("\n");
}
