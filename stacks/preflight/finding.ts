/** Groups of checks, by which they are skipped. */
export const CHECKS = [
    "permissions",
    "quota",
    "nodes",
    "objects",
    "images",
    "endpoints",
    "objectStore",
] as const;

export type Check = (typeof CHECKS)[number];

/** What a check has to say, in one line with setting, value and fix. */
export interface Finding {
    /** An error stops the run before anything is created; what could not be read stops nothing. */
    readonly level: "error" | "warning" | "unchecked";
    readonly message: string;
}

/** A fact of the cluster, or why it could not be read. */
export type Known<T> =
    { readonly known: true; readonly value: T } | { readonly known: false; readonly reason: string };

export function known<T>(value: T): Known<T> {
    return { known: true, value };
}

export function error(message: string): Finding {
    return { level: "error", message };
}

export function warning(message: string): Finding {
    return { level: "warning", message };
}

export function unchecked(subject: string, reason: string): Finding {
    return { level: "unchecked", message: `not checked: ${subject} (${reason})` };
}

/** What is known goes to the check; what is not is reported as not checked. */
export function whenKnown<T>(
    subject: string,
    fact: Known<T>,
    check: (value: T) => readonly Finding[],
): readonly Finding[] {
    return fact.known ? check(fact.value) : [unchecked(subject, fact.reason)];
}

/** Names for a message: all of a few, or the first of many. */
export function listed(names: readonly string[], most = 5): string {
    return names.length <= most
        ? names.join(", ")
        : `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}

/** Names of what the cluster has, for a message that says what could be named instead. */
export function namesOf(objects: readonly { readonly name: string }[]): string {
    return listed(objects.map(({ name }) => name).sort()) || "none";
}

/**
 * What is wrong with overrides and the settings of tiers. A run without any checks only says so: Pulumi does not show a program
 * whether it runs for a destroy, which must not fail for an override of something that is no longer declared.
 */
export function problemFindings(problems: readonly string[], skipped: readonly Check[]): readonly Finding[] {
    return problems.map(CHECKS.every((check) => skipped.includes(check)) ? warning : error);
}

/** The message of a run that errors stop, with everything that was found; undefined where there is none. */
export function refusal(findings: readonly Finding[]): string | undefined {
    const errors = findings.filter(({ level }) => level === "error").length;
    if (errors === 0) {
        return undefined;
    }
    const order = ["error", "warning", "unchecked"] as const;
    const lines = order.flatMap((level) =>
        findings
            .filter((finding) => finding.level === level)
            .map(({ message }) => `  - ${level === "warning" ? "warning: " : ""}${message}`),
    );
    const count = errors === 1 ? "1 problem" : `${errors} problems`;
    return [
        `preflight: ${count}; nothing was changed:`,
        ...lines,
        `${SKIPPED_CHECKS_VARIABLE}=all runs without these checks, such as a destroy with --run-program (docs/clusters.md, Preflight).`,
    ].join("\n");
}

/** Environment variable of one run of the program that names checks to skip. */
export const SKIPPED_CHECKS_VARIABLE = "FLTS_SKIP_CHECKS";

/**
 * Checks that one run skips: `nodes`, several as in `quota,nodes`, or `all`.
 *
 * @throws when the variable holds something else.
 */
export function skippedChecks(environment: NodeJS.ProcessEnv): readonly Check[] {
    const names = (environment[SKIPPED_CHECKS_VARIABLE] ?? "")
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "");
    if (names.includes("all")) {
        return CHECKS;
    }
    const wrong = names.find((name) => !CHECKS.some((check) => check === name));
    if (wrong !== undefined) {
        throw new Error(
            `${SKIPPED_CHECKS_VARIABLE} has "${wrong}", which is not a check: give ${CHECKS.join(", ")} or all.`,
        );
    }
    return CHECKS.filter((check) => names.includes(check));
}
