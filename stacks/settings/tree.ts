/** Settings as they were given, before validation. */
export type SettingsTree = Record<string, unknown>;

export function isTree(value: unknown): value is SettingsTree {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a key path; undefined when there is none. */
export function valueAt(tree: SettingsTree, path: readonly PropertyKey[]): unknown {
    return path.reduce<unknown>((node, key) => (isTree(node) ? node[String(key)] : undefined), tree);
}

/** `over` laid over `base`, object by object; any other value, lists too, replaces what was there. */
export function mergeTrees(base: SettingsTree, over: SettingsTree): SettingsTree {
    const merged: SettingsTree = { ...base };
    for (const [key, value] of Object.entries(over)) {
        const present = merged[key];
        merged[key] = isTree(present) && isTree(value) ? mergeTrees(present, value) : value;
    }
    return merged;
}

/** Removes what is at a key path. */
export function removeAt(tree: SettingsTree, path: readonly PropertyKey[]): void {
    const parent = valueAt(tree, path.slice(0, -1));
    const key = path.at(-1);
    if (isTree(parent) && key !== undefined) {
        Reflect.deleteProperty(parent, key);
    }
}

/**
 * Builds the tree from the flat configuration that Pulumi hands to a program: one text for each top-level key,
 * JSON where the key holds an object or a list. `pulumi config set flts:kafka.brokers 3` without `--path` makes a
 * key with a dot, which is taken as the path that was meant.
 *
 * Empty text counts as "not given", since declarations in `Pulumi.yaml` cannot say "no default" otherwise.
 */
export function treeFromConfiguration(
    configuration: Readonly<Record<string, string>>,
    project: string,
): SettingsTree {
    const tree: SettingsTree = {};
    const prefix = `${project}:`;
    const keys = Object.keys(configuration).filter((key) => key.startsWith(prefix));
    // Dotted keys last: they are the more exact way to say the same.
    keys.sort((a, b) => a.split(".").length - b.split(".").length || (a < b ? -1 : 1));
    for (const key of keys) {
        place(tree, key.slice(prefix.length).split("."), parsed(configuration[key] ?? ""));
    }
    return tree;
}

function place(tree: SettingsTree, path: readonly string[], value: unknown): void {
    const [key, ...rest] = path;
    if (key === undefined) {
        return;
    }
    if (rest.length > 0) {
        // One value in place of a group is the group's name: `flts:namespace` beside `flts:namespace.create`.
        const child = isTree(tree[key]) ? tree[key] : tree[key] === undefined ? {} : { name: tree[key] };
        tree[key] = child;
        place(child, rest, value);
    } else if (isTree(value)) {
        const child = isTree(tree[key]) ? tree[key] : {};
        tree[key] = child;
        for (const [name, item] of Object.entries(value)) {
            place(child, [name], item);
        }
    } else if (value !== "" && value !== null) {
        tree[key] = value;
    }
}

function parsed(text: string): unknown {
    if (!/^\s*[[{]/.test(text)) {
        return text;
    }
    try {
        return JSON.parse(text) as unknown;
    } catch {
        return text;
    }
}
