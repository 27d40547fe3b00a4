import { contentHash } from "../contentHash";
import type { Platform } from "../platform";

/** What a stack is known by in servers that it shares with others. */
export type Owner = Pick<Platform, "namespaceName" | "instance" | "identifier">;

/** PostgreSQL cuts longer names off: https://www.postgresql.org/docs/17/limits.html, "identifier length". MinIO takes more. */
const LONGEST = 63;

/** The stack's name in servers that it shares with others: namespace, stack and, where there is one, identifier. */
export function ownerName({ namespaceName, instance, identifier }: Owner): string {
    return [namespaceName, instance, ...(identifier === "" ? [] : [identifier])].join(".");
}

/**
 * Name of a user or role that this stack alone has in a server: `flts.dev.train` of the stack `dev` in the namespace
 * `flts`.
 *
 * Two stacks never have the same: namespaces, identifiers and services have no dot in them, and where the stack's own
 * name has one, or all of it is too long, a hash takes the place of the end.
 *
 * @param service that acts as the user.
 */
export function ownedName(owner: Owner, service: string): string {
    const name = `${ownerName(owner)}.${service}`;
    if (name.length <= LONGEST && !owner.instance.includes(".")) {
        return name;
    }
    const { namespaceName, instance, identifier } = owner;
    const end = `_${contentHash([namespaceName, instance, identifier, service])}`;
    return `${name.slice(0, LONGEST - end.length)}${end}`;
}
