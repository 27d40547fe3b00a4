import { fail, UserError, type Console } from "../../toolchain/console/index";
import type { StackOptions } from "./options";
import { describeLeft, type StateResource } from "./leftResources";

/** A stack, as far as `make down` needs it. */
export interface DestroyableStack {
    exists(): boolean;
    /** Context that the stack was last deployed to; undefined if that is not known. */
    deployedContext(): string | undefined;
    resources(): readonly StateResource[];
    /** Deletes all resources. Throws a `UserError` if some are left, an `Interrupted` if the user stopped it. */
    destroy(): Promise<void>;
    /** Forgets the stack, whatever its state still holds. */
    remove(): void;
}

/** The user stopped a command: nothing else may be done. */
export class Interrupted extends UserError {}

/**
 * Destroys the stack, data included, and forgets it.
 *
 * The embedded cluster is deleted right after, with everything in it. So its stack is forgotten even if a server, or the
 * cluster, no longer exists. A stack on the user's own cluster is forgotten only after everything is deleted, or with
 * FORGET=yes; what stays in the cluster, then or after a failed destroy, is listed.
 */
export async function takeDown(
    stack: DestroyableStack,
    options: StackOptions,
    isClusterThere: boolean,
    console: Console,
): Promise<void> {
    const name = `stack ${options.stack}`;
    if (!stack.exists()) {
        console.line(`${name}: nothing to destroy`);
        return;
    }
    const deployed = stack.deployedContext() ?? options.context;
    if (deployed !== options.context) {
        fail(`${name} was deployed to context ${deployed}: take it down with CONTEXT=${deployed}.`);
    }
    // For an empty stack, the program would wait for servers that are never created.
    if (stack.resources().length > 0) {
        if (options.embedded) {
            await destroyEmbedded(stack, name, isClusterThere, console);
        } else if (options.forget) {
            console.line(`${name} is forgotten, and nothing deleted. In context ${deployed} stay:`);
            console.line(list(stack));
        } else {
            await destroyElsewhere(stack, name, deployed);
        }
    }
    stack.remove();
}

async function destroyEmbedded(
    stack: DestroyableStack,
    name: string,
    isClusterThere: boolean,
    console: Console,
): Promise<void> {
    if (!isClusterThere) {
        console.line(`${name}: the embedded cluster is gone, and all that the stack had with it`);
        return;
    }
    try {
        await stack.destroy();
    } catch (error) {
        if (!(error instanceof UserError) || error instanceof Interrupted) {
            throw error;
        }
        console.line(`${name}: what could not be destroyed is deleted with the embedded cluster`);
    }
}

async function destroyElsewhere(stack: DestroyableStack, name: string, context: string): Promise<void> {
    try {
        await stack.destroy();
    } catch (error) {
        if (!(error instanceof UserError)) {
            throw error;
        }
        fail(
            `${error.message}\n${name} still has in context ${context}, as far as its state knows:\n${list(stack)}\n` +
                "`make down FORGET=yes` with the same CONTEXT and STACK forgets the stack and leaves all of these there.",
        );
    }
}

function list(stack: DestroyableStack): string {
    return describeLeft(stack.resources())
        .map((each) => `  ${each}`)
        .join("\n");
}
