import * as pulumi from "@pulumi/pulumi";

/** What names an object of a cluster. */
export interface ObjectName {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Labels of an object in the cluster; undefined where it does not exist. */
export type ExistingLabels = (object: ObjectName) => Promise<Readonly<Record<string, string>> | undefined>;

/**
 * Refuses to create an object that exists already.
 *
 * The Kubernetes provider takes such an object over, changes it, and deletes it with the stack; a namespace with
 * everything in it. The hook runs before a creation only, so that objects of the state are never asked for, and in
 * previews too.
 */
export class OwnershipGuard {
    private readonly hook: pulumi.ResourceHook;

    /** @param instance stack whose labels an object has that an interrupted update left. */
    public constructor(
        private readonly instance: string,
        private readonly existing: ExistingLabels,
    ) {
        this.hook = new pulumi.ResourceHook(
            "flts ownership guard",
            ({ newInputs }) => this.check(newInputs),
            { onDryRun: true },
        );
    }

    /** Options of a resource that must not exist before the stack creates it. */
    public get options(): { readonly hooks: pulumi.ResourceHookBinding } {
        return { hooks: { beforeCreate: [this.hook] } };
    }

    /** @throws when the object that these inputs name exists, and is not the stack's. */
    public async check(inputs: unknown): Promise<void> {
        const object = objectOf(inputs);
        if (object !== undefined) {
            const labels = await this.existing(object);
            if (labels !== undefined) {
                refuseExisting(object, labels, this.instance);
            }
        }
    }
}

/** The object that inputs declare; undefined for other resources, and in a namespace that is still to be created. */
function objectOf(inputs: unknown): ObjectName | undefined {
    const { apiVersion, kind, metadata } = (inputs ?? {}) as {
        readonly [Key in keyof ObjectName]?: unknown;
    };
    const { name, namespace } = (metadata ?? {}) as { readonly name?: unknown; readonly namespace?: unknown };
    if (typeof apiVersion !== "string" || typeof kind !== "string" || typeof name !== "string") {
        return undefined;
    }
    return namespace === undefined
        ? { apiVersion, kind, metadata: { name } }
        : typeof namespace === "string"
          ? { apiVersion, kind, metadata: { name, namespace } }
          : undefined;
}

/**
 * @param labels of the object in the cluster.
 * @throws unless an interrupted update of the same stack left the object. A namespace is never taken over: everything in
 *   it would be deleted with the stack.
 */
export function refuseExisting(
    { kind, metadata: { name, namespace } }: ObjectName,
    labels: Readonly<Record<string, string>>,
    instance: string,
): void {
    const owner = labels["app.kubernetes.io/instance"];
    const ofStack = owner === instance && labels["app.kubernetes.io/managed-by"] === "pulumi";
    if (kind === "Namespace") {
        throw new Error(
            `the namespace "${name}" exists already${ofStack ? `, made by a stack ${instance} that this state does not know` : ""}: ` +
                "this stack did not create it, and would delete it with everything in it. Use it as it is with " +
                `\`pulumi config set --path flts:namespace.create false\` (and flts:namespace.name "${name}"), or choose ` +
                "another flts:namespace.",
        );
    }
    if (!ofStack) {
        const place = namespace === undefined ? "" : ` in the namespace ${namespace}`;
        throw new Error(
            `${kind} "${name}" exists already${place}${owner === undefined ? "" : `, made by ${owner}`}: this stack did not ` +
                "create it, and would change it. Rename or delete it, or choose another flts:namespace.",
        );
    }
}
