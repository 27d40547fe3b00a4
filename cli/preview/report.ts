import { OPERATIONS, type Change, type Operation, type Preview, type PropertyChange } from "./changes";

/** How names and values are set apart, in a comment or in a terminal. */
export interface Markup {
    /** A name or a value, as it is written in a program. */
    code(text: string): string;
    /** What must not be missed. */
    alarm(text: string): string;
}

/** How many resources each operation is done to. */
export function counts({ changes }: Preview): Record<Operation, number> {
    const count = (operation: Operation): number =>
        changes.filter((change) => change.operation === operation).length;
    return {
        create: count("create"),
        update: count("update"),
        replace: count("replace"),
        delete: count("delete"),
    };
}

/** The outcome of the previews in a few words. */
export function headline(previews: readonly Preview[]): string {
    const failed = previews.filter(({ errors }) => errors.length > 0).map(({ stack }) => stack);
    const all = previews.flatMap(({ changes }) => changes);
    const losses = all.filter(({ losesData }) => losesData).length;
    if (failed.length > 0) {
        return `${failed.join(" and ")} failed`;
    }
    if (all.length === 0) {
        return "no changes";
    }
    return losses > 0
        ? `${losses} of ${all.length} changes lose data`
        : `${all.length} changes, no data at risk`;
}

/** Deletions and replacements of all stacks, those that lose data first. */
export function drastic(previews: readonly Preview[]): { stack: string; change: Change }[] {
    return previews
        .flatMap(({ stack, changes }) => changes.map((change) => ({ stack, change })))
        .filter(({ change: { operation } }) => operation === "delete" || operation === "replace")
        .sort((one, other) => Number(other.change.losesData) - Number(one.change.losesData));
}

/** `replace StatefulSet kafka: spec.serviceName (a → b)`; of a replacement, only the properties that are its reason. */
export function changeLine(change: Change, markup: Markup): string {
    const shown = change.properties.filter(({ replaces }) => replaces || change.operation === "update");
    const remark = change.isRetained ? " from the state; the object stays" : "";
    const subject = `${change.operation} ${markup.code(change.resource)}${remark}`;
    return [
        change.losesData ? `${markup.alarm("loses data")}: ${subject}` : subject,
        ...(shown.length === 0 ? [] : [shown.map((one) => propertyText(one, markup)).join(", ")]),
    ].join(": ");
}

/** `path (before → after)`, or the path alone where both look alike because they are secret or cut off. */
export function propertyText({ path, before, after }: PropertyChange, markup: Markup): string {
    const value = (text: string | undefined): string => (text === undefined ? "none" : markup.code(text));
    return before === after ? markup.code(path) : `${markup.code(path)} (${value(before)} → ${value(after)})`;
}

/** What each operation is done to as rows of a table, with the names of the columns first. */
export function countRows(previews: readonly Preview[]): string[][] {
    const columns = [...OPERATIONS].reverse();
    return [
        ["stack", ...columns],
        ...previews.map((preview) => {
            const count = counts(preview);
            return [preview.stack, ...columns.map((operation) => String(count[operation]))];
        }),
    ];
}
