import { unknownValue } from "@pulumi/pulumi/runtime";
import { isGuarded } from "../../components/core/data/dataLossGuard";
import type { Digest, State, Step } from "./digest";

/** What happens to a resource, in the order of what a reviewer has to see first. */
export const OPERATIONS = ["delete", "replace", "update", "create"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** A property that differs. */
export interface PropertyChange {
    /** Path with the names of list entries where they have one: `containers[mlflow].image`. */
    readonly path: string;
    /** Values in one line; undefined where there is none. */
    readonly before: string | undefined;
    readonly after: string | undefined;
    /** True when this difference is why the resource is replaced. */
    readonly replaces: boolean;
}

/** What a preview would do to one resource. */
export interface Change {
    readonly operation: Operation;
    /** Kind and name, such as `StatefulSet kafka`. */
    readonly resource: string;
    /** True when data is lost with the resource: it carries the data-loss guard and is deleted or replaced. */
    readonly losesData: boolean;
    /** True when the resource leaves the state and its object stays: a deletion with the option `retainOnDelete`. */
    readonly isRetained: boolean;
    readonly properties: readonly PropertyChange[];
}

/** The preview of one stack. */
export interface Preview {
    readonly stack: string;
    readonly changes: readonly Change[];
    /** Why the preview failed; empty for one that succeeded. */
    readonly errors: readonly string[];
}

/** What stands for a value that is not to be seen; the engine's own word for it. */
const SECRET = "[secret]";

/** The engine's operations that change something; reads and refreshes do not. */
const CHANGING: Readonly<Record<string, Operation>> = {
    create: "create",
    import: "create",
    update: "update",
    replace: "replace",
    delete: "delete",
};

/** The changes that the engine's digest names, what is to be seen first at the front. */
export function readPreview(stack: string, digest: Digest): Preview {
    const changes = digest.steps.flatMap((step) => changeOf(step) ?? []);
    const rank = (change: Change): number =>
        (change.losesData ? 0 : OPERATIONS.length) + OPERATIONS.indexOf(change.operation);
    return {
        stack,
        changes: changes.sort((one, other) => rank(one) - rank(other)),
        errors: errorsOf(digest),
    };
}

function errorsOf(digest: Digest): string[] {
    return (
        digest.diagnostics
            .filter(({ severity }) => severity === "error")
            .map(({ message }) => message.replace(/^error: /, "").trim())
            // Said last by every preview that failed, after the reason.
            .filter((message, _, all) => message !== "preview failed" || all.length === 1)
    );
}

function changeOf(step: Step): Change | undefined {
    const operation = CHANGING[step.op];
    const state = step.oldState ?? step.newState;
    // Components and providers are nothing by themselves: what they stand for is listed.
    if (operation === undefined || !state?.custom || state.type.startsWith("pulumi:")) {
        return undefined;
    }
    const isRetained = operation === "delete" && state.retainOnDelete;
    return {
        operation,
        isRetained,
        resource: `${state.type.split(":").pop() ?? ""} ${step.urn.split("::").pop() ?? ""}`,
        losesData:
            !isRetained &&
            (operation === "delete" || operation === "replace") &&
            isGuarded(state.resourceHooks),
        properties: operation === "create" || operation === "delete" ? [] : propertiesOf(step),
    };
}

function propertiesOf(step: Step): PropertyChange[] {
    const details = Object.keys(step.detailedDiff ?? {});
    const paths = details.length > 0 ? details : step.diffReasons;
    return paths
        .map((path) => {
            const before = lookUp(step.oldState, path);
            const after = lookUp(step.newState, path);
            return {
                path: after.path ?? before.path ?? path,
                before: before.value,
                after: after.value,
                replaces: step.replaceReasons.includes(path),
            };
        })
        .sort((one, other) => Number(other.replaces) - Number(one.replaces));
}

/** Keys of a property path as the engine writes it: `a.b[0]["c.d"]`. */
function keysOf(path: string): string[] {
    return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|[^.[\]]+/g)].map(([key, quoted]) => quoted ?? key);
}

interface Found {
    /** The path with names for numbers; undefined when there is nothing there. */
    readonly path: string | undefined;
    readonly value: string | undefined;
}

/** What stands at `path` in the inputs of a resource. */
function lookUp(state: State | undefined, path: string): Found {
    let value: unknown = state?.inputs;
    let readable = "";
    for (const key of keysOf(path)) {
        // Below a value that is secret as a whole there is only its mask.
        if (value === SECRET) {
            break;
        }
        if (typeof value !== "object" || value === null || !(key in value)) {
            return { path: undefined, value: undefined };
        }
        const entry: unknown = (value as Record<string, unknown>)[key];
        readable += Array.isArray(value) ? `[${nameOf(entry) ?? key}]` : `${readable && "."}${key}`;
        value = entry;
    }
    // The engine masks what the program marks as secret; a Secret's content never shows, whatever is marked.
    const concealed = state?.type === "kubernetes:core/v1:Secret" && /^(data|stringData)\b/.test(path);
    return { path: readable, value: concealed ? SECRET : show(value) };
}

function nameOf(entry: unknown): string | undefined {
    const name = (entry as { name?: unknown } | null)?.name;
    return typeof name === "string" ? name : undefined;
}

/** Longest value that is shown, in characters: a line of a terminal has place for two of them. */
const VALUE_LENGTH = 48;

/** A value in one short line. */
function show(value: unknown): string {
    if (value === unknownValue) {
        return "(known after the update)";
    }
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const line = text.replaceAll(/\s+/g, " ");
    return line.length > VALUE_LENGTH ? `${line.slice(0, VALUE_LENGTH)}… (${text.length} characters)` : line;
}
