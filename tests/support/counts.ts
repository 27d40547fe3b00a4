import { stripVTControlCharacters } from "node:util";

/** How many tests of a suite passed and failed. */
export interface Count {
    readonly passed: number;
    readonly failed: number;
}

/** Whose closing lines a suite ends with; `check` has none: its exit code is its one result. */
export type Runner = "mocha" | "pytest" | "go" | "check";

function sum(text: string, pattern: RegExp): number {
    return [...text.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);
}

const counters: Record<Exclude<Runner, "check">, (text: string) => Count> = {
    mocha: (text) => ({
        passed: sum(text, /^ +(\d+) passing\b/gm),
        // A pending test is one that someone switched off, and proves as little as a failing one.
        failed: sum(text, /^ +(\d+) failing\b/gm) + sum(text, /^ +(\d+) pending\b/gm),
    }),
    pytest: (text) => ({
        passed: sum(text, /(\d+) passed\b[^\n]* in [\d.]+s/g),
        failed: sum(text, /(\d+) (?:failed|errors?)\b[^\n]* in [\d.]+s/g),
    }),
    go: (text) => ({
        passed: [...text.matchAll(/^--- PASS: /gm)].length,
        failed: [...text.matchAll(/^--- FAIL: /gm)].length,
    }),
};

/**
 * Reads the counts out of what `runner` printed. A runner that ended badly without naming a failed test (it crashed,
 * or nothing compiled) counts as one failure.
 */
export function countResults(runner: Runner, text: string, exitCode: number | null): Count {
    if (runner === "check") {
        return exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
    }
    // Terminal colours stand between the number and the word.
    const count = counters[runner](stripVTControlCharacters(text));
    return exitCode !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

/** Where a runner's account of what failed begins; the lines before it are those of tests that passed, mostly. */
const failuresBegin: Record<Exclude<Runner, "check">, RegExp> = {
    mocha: /^ +\d+ failing\b/m,
    pytest: /^=+ (?:FAILURES|ERRORS|short test summary info) =+$/m,
    go: /^ *--- FAIL: /m,
};

/**
 * What `runner` printed about its failures, for the end of a long run, where its reader looks first.
 *
 * @param lines at most. Of a runner's own account, the first third names what failed, and the last lines hold the cause:
 *     a command's output ends with its error. Without such an account, the last lines show how the run ended.
 */
export function describeFailures(runner: Runner, text: string, lines = 90): string {
    const plain = stripVTControlCharacters(text).trimEnd();
    const begin = runner === "check" ? -1 : plain.search(failuresBegin[runner]);
    const account = plain.slice(Math.max(begin, 0)).split("\n");
    if (begin < 0) {
        return account.slice(-lines).join("\n");
    }
    if (account.length <= lines) {
        return account.join("\n");
    }
    const first = Math.floor(lines / 3);
    const omitted = `[${String(account.length - lines)} lines are left out]`;
    return [...account.slice(0, first), omitted, ...account.slice(first - lines)].join("\n");
}

/** Lines that name a cause: of a runner, a command, or Pulumi; `AssertionError [ERR_ASSERTION]` too. */
const CAUSE = /errors?\b|\bfatal\b|\bFAILED\b/i;

/** A failed test's number and titles in mocha's account: a line for each suite, and the test's ends with a colon. */
const MOCHA_TITLES = /^ +\d+\) [^]*?:$/gm;

/**
 * The lines of a failed suite that name a failed test or a cause, for below the closing table: some readers see no more
 * than the last lines of a long run.
 *
 * @param characters at most, all lines together.
 */
export function nameCauses(runner: Runner, text: string, characters = 600): string {
    const account = describeFailures(runner, text, Infinity);
    const named =
        runner === "mocha"
            ? account.replace(MOCHA_TITLES, (titles) => `FAILED ${titles.trim().replace(/\n +/g, ": ")}`)
            : account;
    const lines = named.split("\n");
    const causes = [...new Set(lines.map((line) => line.trim()).filter((line) => CAUSE.test(line)))];
    return causes
        .map((line) => line.slice(0, 240))
        .reduce((shown, line) => (shown.length + line.length < characters ? `${shown}${line}\n` : shown), "")
        .trimEnd();
}
