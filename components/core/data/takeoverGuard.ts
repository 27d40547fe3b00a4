import * as pulumi from "@pulumi/pulumi";

/** Looks up a resource in a server; true if it exists. */
export type Lookup = (type: string, inputs: Readonly<Record<string, unknown>>) => Promise<boolean>;

export interface TakeoverGuardArgs {
    /** What the server is, for messages: "MinIO". */
    readonly server: string;
    readonly exists: Lookup;
    /** What to do when another stack has it, by the resource's type. */
    readonly advice: Readonly<Record<string, string>>;
}

/**
 * Refuses to create what exists in a server already.
 *
 * It is not in the stack's state, so another stack owns it, or this stack's state lost it. `@pulumi/minio` would silently
 * take over a user of another stack: it would set a new password, and later delete the user.
 */
export class TakeoverGuard {
    private readonly hook: pulumi.ResourceHook;

    /** @param name of the provider, unique in the program. */
    public constructor(name: string, { server, exists, advice }: TakeoverGuardArgs) {
        this.hook = new pulumi.ResourceHook(`flts ${name} takeover guard`, async ({ type, newInputs }) => {
            const inputs = newInputs ?? {};
            if (await exists(type, inputs)) {
                const kind = type.split(":").pop() ?? type;
                throw new Error(
                    `${kind} "${String(inputs.bucket ?? inputs.name)}" exists in ${server} and is not in this ` +
                        "stack's state. If it belongs to this stack, `make doctor FIX=yes` puts it back. " +
                        `If it belongs to another one, ${advice[type] ?? "choose another name"}.`,
                );
            }
        });
    }

    /** Hooks of a resource that must not take anything over, besides those that it has. */
    public hooks(others: pulumi.ResourceOptions = {}): pulumi.ResourceHookBinding {
        return { ...others.hooks, beforeCreate: [this.hook] };
    }
}
