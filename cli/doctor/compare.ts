import { canonicalJson } from "../../components/core/contentHash";
import type { Expected, ExpectedAccess, ExpectedRole } from "./expected";

/** A user as MinIO has it. */
export interface FoundUser {
    /** False where only the policy of that name is there. */
    readonly exists: boolean;
    readonly enabled: boolean;
    /** Names of the policies attached to it. */
    readonly policies: readonly string[];
    /** Document of the policy that has the user's own name. */
    readonly policy: object | undefined;
    /** Whether the user's Secret signs in. */
    readonly signsIn: boolean;
}

/** A role as PostgreSQL has it. */
export interface FoundRole {
    /** Attributes that it should not have, or lacks, as SQL names the ones that it should: `NOSUPERUSER`. */
    readonly wrongAttributes: readonly string[];
    readonly roles: readonly string[];
    /** Whether the role's Secret signs in. */
    readonly signsIn: boolean;
}

/** What is in the servers and in the cluster, by name. A name that is missing here does not exist there. */
export interface Found {
    readonly buckets: ReadonlyMap<string, { readonly public: boolean }>;
    readonly users: ReadonlyMap<string, FoundUser>;
    readonly roles: ReadonlyMap<string, FoundRole>;
    readonly databases: ReadonlyMap<string, { readonly owner: string }>;
    readonly secrets: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** How a finding is repaired. `none` is for a person to decide. */
export type Repair = "forget" | "adopt" | "recreate" | "close" | "alter" | "none";

export interface Finding {
    readonly expected: Expected;
    /** What is wrong, in a few words. */
    readonly problem: string;
    readonly repair: Repair;
}

/** Where each kind of thing lives, for messages. */
export const PLACES = {
    secret: "Kubernetes",
    bucket: "MinIO",
    user: "MinIO",
    role: "PostgreSQL",
    database: "PostgreSQL",
} as const satisfies Record<Expected["kind"], string>;

/**
 * Compares what should be there with what is. It asks nothing and changes nothing.
 *
 * What neither the state nor a server has is not a finding: the next update creates it.
 */
export function compare(expected: readonly Expected[], found: Found): readonly Finding[] {
    return expected.flatMap((one) => {
        const difference = differenceOf(one, found);
        return difference === undefined ? [] : [{ expected: one, ...difference }];
    });
}

/** Message for an object that only the state has. */
export function isGone({ kind }: Expected): string {
    return `in the state, not in ${PLACES[kind]}`;
}

type Difference = Omit<Finding, "expected"> | undefined;

function differenceOf(one: Expected, found: Found): Difference {
    const exists = existsIn(one, found);
    const place = PLACES[one.kind];
    if (!one.declared) {
        // The next update deletes it, and fails when that was done already.
        return exists || !one.stored
            ? undefined
            : { problem: `in the state, not in ${place}; the program does not declare it`, repair: "forget" };
    }
    if (!exists && !one.stored && one.kind === "user" && found.users.has(one.name)) {
        return { problem: `its policy is in ${place}, not in the state`, repair: "recreate" };
    }
    if (!exists) {
        return one.stored ? { problem: isGone(one), repair: "recreate" } : undefined;
    }
    switch (one.kind) {
        case "secret":
            return canonicalJson(found.secrets.get(one.name)) === canonicalJson(one.data)
                ? undefined
                : { problem: "its values are not those of the state", repair: "recreate" };
        case "bucket":
            return bucketDifference(one.stored, found.buckets.get(one.name)?.public === true);
        case "user":
            return userDifference(one, found.users.get(one.name));
        case "role":
            return roleDifference(one, found.roles.get(one.name));
        case "database":
            return databaseDifference(one.stored, one.owner, found.databases.get(one.name)?.owner);
    }
}

function existsIn({ kind, name }: Expected, found: Found): boolean {
    const places: Record<Expected["kind"], ReadonlyMap<string, object>> = {
        secret: found.secrets,
        bucket: found.buckets,
        user: found.users,
        role: found.roles,
        database: found.databases,
    };
    const thing = places[kind].get(name);
    return thing !== undefined && !("exists" in thing && thing.exists === false);
}

function bucketDifference(stored: boolean, isPublic: boolean): Difference {
    if (!stored) {
        return { problem: "in MinIO, not in the state", repair: "adopt" };
    }
    return isPublic
        ? { problem: "has a bucket policy that lets others in; it should be private", repair: "close" }
        : undefined;
}

/** Only a user that signs in with this stack's Secret is surely this stack's. */
const ANOTHER_OWNER =
    "not in the state, and refuses this stack's password: another stack's? Remove it there, or set flts:identifier";

function userDifference(one: ExpectedAccess, user: FoundUser | undefined): Difference {
    if (user === undefined) {
        return undefined;
    }
    const isStored = one.parts.some(({ urn, stored }) => stored && urn === one.resource.urn);
    if (!isStored && !user.signsIn) {
        return { problem: `in MinIO, ${ANOTHER_OWNER}`, repair: "none" };
    }
    const problems = [
        ...(one.parts.every(({ stored }) => stored) ? [] : ["in MinIO, not whole in the state"]),
        ...(user.enabled ? [] : ["is disabled"]),
        ...(user.signsIn || !user.enabled ? [] : ["refuses the password of its Secret"]),
        ...(user.policy === undefined
            ? ["its policy is missing"]
            : one.policy === undefined || isSamePolicy(user.policy, one.policy)
              ? []
              : ["its policy is another one"]),
        ...(user.policies.length === 1 && user.policies[0] === one.name
            ? []
            : [`has the policies ${user.policies.join(", ") || "none"} instead of its own`]),
    ];
    return problems.length === 0 ? undefined : { problem: problems.join("; "), repair: "recreate" };
}

function roleDifference(one: ExpectedRole, role: FoundRole | undefined): Difference {
    if (role === undefined) {
        return undefined;
    }
    if (!one.stored) {
        return role.signsIn
            ? { problem: "in PostgreSQL, not in the state", repair: "adopt" }
            : { problem: `in PostgreSQL, ${ANOTHER_OWNER}`, repair: "none" };
    }
    const missing = one.roles.filter((name) => !role.roles.includes(name));
    const extra = role.roles.filter((name) => !one.roles.includes(name));
    const problems = [
        ...(role.signsIn ? [] : ["refuses the password of its Secret"]),
        ...(role.wrongAttributes.length === 0 ? [] : [`should be ${role.wrongAttributes.join(", ")}`]),
        ...(missing.length === 0 ? [] : [`is not a member of ${missing.join(", ")}`]),
        ...(extra.length === 0 ? [] : [`is a member of ${extra.join(", ")}`]),
    ];
    return problems.length === 0 ? undefined : { problem: problems.join("; "), repair: "alter" };
}

function databaseDifference(
    stored: boolean,
    owner: string | undefined,
    found: string | undefined,
): Difference {
    if (!stored) {
        return { problem: "in PostgreSQL, not in the state", repair: "adopt" };
    }
    return owner === undefined || owner === found
        ? undefined
        : { problem: `belongs to ${found ?? "nobody"} instead of ${owner}`, repair: "alter" };
}

/**
 * True when two policies say the same: order, and single values written as lists, do not matter.
 *
 * Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function isSamePolicy(one: object, other: object): boolean {
    return canonicalJson(normalised(one)) === canonicalJson(normalised(other));
}

function normalised(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.map((item) => canonicalJson(normalised(item))).sort();
    }
    if (typeof value === "object" && value !== null) {
        return Object.fromEntries(
            Object.entries(value)
                // MinIO writes empty ids into policies that have none.
                .filter(([, part]) => part !== "")
                .map(([key, part]) => [
                    key,
                    normalised(LISTS.includes(key) && !Array.isArray(part) ? [part] : part),
                ]),
        );
    }
    return value;
}

const LISTS = ["Statement", "Action", "Resource", "NotAction", "NotResource"];
