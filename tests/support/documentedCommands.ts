/** A command that a page shows, and the output that it shows after it. */
export interface DocumentedCommand {
    readonly command: string;
    /** Lines; `…` stands for any text within a line, or for any lines where it stands alone. */
    readonly output: readonly string[];
}

/** The commands of a page's `console` blocks, in order. `$ ` begins a command, `> ` continues with it. */
export function documentedCommands(page: string): DocumentedCommand[] {
    return [...page.matchAll(/^```console\n([^]*?)^```$/gm)].flatMap(([, block = ""]) => {
        const found: { command: string; output: string[] }[] = [];
        for (const line of block.trimEnd().split("\n")) {
            const last = found.at(-1);
            if (line.startsWith("$ ")) {
                found.push({ command: line.slice(2), output: [] });
            } else if (last === undefined) {
                throw new Error(`a console block begins with output: ${line}`);
            } else if (line.startsWith("> ") && last.output.length === 0) {
                last.command += `\n${line.slice(2)}`;
            } else {
                last.output.push(line);
            }
        }
        return found;
    });
}

/** What differs between two runs: numbers, durations, identifiers of runs, and the space that they take. */
function withoutValues(line: string): string {
    return line
        .replace(/\b[0-9a-f]{32}\b/g, "#")
        .replace(/[-+]?\d([\d.,:]*\d)?(e[-+]?\d+)?/g, "#")
        .replace(/(# ?(ms|s|m|h)\s*)+/g, "#")
        .replace(/\s+/g, " ")
        .trim();
}

function fits(expected: string, actual: string): boolean {
    const parts = withoutValues(expected).split("…");
    const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*");
    return new RegExp(`^${pattern}$`).test(withoutValues(actual));
}

/**
 * The first documented line that real output does not have, after the lines before it; undefined where it has all. Lines
 * that real output has besides are allowed where the page says `…`.
 */
export function missingLine(documented: readonly string[], output: string): string | undefined {
    const lines = output.trimEnd().split("\n");
    let at = 0;
    let anyLines = false;
    for (const expected of documented) {
        if (expected.trim() === "…") {
            anyLines = true;
            continue;
        }
        const found = lines.findIndex((line, index) => index >= at && fits(expected, line));
        if (found < 0 || (found > at && !anyLines)) {
            return expected;
        }
        at = found + 1;
        anyLines = false;
    }
    return at < lines.length && documented.length > 0 && !anyLines
        ? `(end of output) ${lines[at] ?? ""}`
        : undefined;
}
