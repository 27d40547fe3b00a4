import { OPERATIONS, type Change, type Preview } from "./changes";
import { changeLine, countRows, drastic, headline, propertyText, type Markup } from "./report";

/** Finds the comment again, so that a new preview takes its place. */
export const COMMENT_MARKER = "<!-- flts-preview -->";

/** Longest comment that GitHub accepts, in characters: its API refuses a longer body and names this number. */
export const COMMENT_LENGTH = 65_536;

/** Lines between table and fold: with the headline, the table of two stacks and the fold, ten lines. */
const HIGHLIGHTS = 5;

/** Longest such line, in characters: an error may be of any length. */
const HIGHLIGHT_LENGTH = 500;

/** Kept free for the note on what was left out and for the end of the fold. */
const RESERVE = 200;

const markup: Markup = {
    code: (text) => {
        // A fence longer than any run of backticks inside ends where it should.
        const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
        const fence = "`".repeat(longest + 1);
        return longest === 0 ? `${fence}${text}${fence}` : `${fence} ${text} ${fence}`;
    },
    alarm: (text) => `**${text}**`,
};

/**
 * A pull request comment on the previews of one or more stacks, as Markdown: ten lines to read, the full report folded.
 *
 * Lines at the end of the report are left out where it would be longer than GitHub allows.
 */
export function comment(previews: readonly Preview[]): string {
    const [columns = [], ...rows] = countRows(previews);
    const start = [
        COMMENT_MARKER,
        `### Preview: ${headline(previews)}`,
        "",
        ...[columns, columns.map((_, index) => (index === 0 ? "---" : "--:")), ...rows].map(
            (cells) => `| ${cells.join(" | ")} |`,
        ),
        "",
        ...highlights(previews).map((line) => `- ${line}`),
        "",
        "<details><summary>Full report</summary>",
        "",
    ].join("\n");
    return `${start}\n${fitted(previews.flatMap(fullReport), COMMENT_LENGTH - start.length - RESERVE)}\n</details>\n`;
}

/** What must be seen without unfolding: failures, then what loses data, then other deletions and replacements. */
function highlights(previews: readonly Preview[]): string[] {
    const failures = previews.flatMap(({ stack, errors }) =>
        errors.map((error) => {
            const line = error.replaceAll(/\s+/g, " ");
            const shown = line.length > HIGHLIGHT_LENGTH ? `${line.slice(0, HIGHLIGHT_LENGTH)}…` : line;
            return `${stack} ${markup.alarm("failed")}: ${markup.code(shown)}`;
        }),
    );
    const lines = drastic(previews).map(({ stack, change }) => `${stack}: ${changeLine(change, markup)}`);
    const all = [...failures, ...lines];
    return all.length <= HIGHLIGHTS
        ? all
        : [...all.slice(0, HIGHLIGHTS - 1), `and ${all.length - HIGHLIGHTS + 1} more, in the full report`];
}

function fullReport({ stack, changes, errors }: Preview): string[] {
    const sections = OPERATIONS.flatMap((operation) => {
        const those = changes.filter((change) => change.operation === operation);
        return those.length === 0
            ? []
            : ["", `**${operation}** ${those.length}`, "", ...those.flatMap(details)];
    });
    const reasons = errors.flatMap((error) => [
        "",
        // Line by line, so that no fence stays open where the report is cut off.
        ...error.split("\n").map((line) => `> ${markup.code(line)}<br>`),
    ]);
    return [`#### ${stack}`, ...reasons, ...sections, ""];
}

function details(change: Change): string[] {
    return [
        `- ${changeLine({ ...change, properties: [] }, markup)}`,
        ...change.properties.map(
            (property) =>
                `  - ${propertyText(property, markup)}${property.replaces ? `: ${markup.alarm("replaces")}` : ""}`,
        ),
    ];
}

/** As many of the lines as have place in `length` characters, and how many are missing. */
function fitted(lines: readonly string[], length: number): string {
    let used = 0;
    const fitting = lines.findIndex((line) => (used += line.length + 1) > length);
    return fitting === -1
        ? lines.join("\n")
        : [
              ...lines.slice(0, fitting),
              "",
              `${lines.length - fitting} more lines are left out: GitHub takes no longer comment.`,
          ].join("\n");
}
