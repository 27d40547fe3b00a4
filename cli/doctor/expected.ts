import { ROLE_SECRET_SUFFIX } from "../../components/infrastructure/postgres/roleSecret";
import { nameOf, unwrapped, type StoredResource } from "./state";
import type { PlannedResource } from "./pulumi";

/** What one declared thing has in common with every other. */
interface Expectation {
    readonly name: string;
    /** As the program declares it, or as the state holds it where the program does not any more. */
    readonly resource: StoredResource;
    /** Whether the state has it. */
    readonly stored: boolean;
    /** Whether the program still declares it. */
    readonly declared: boolean;
}

export interface ExpectedBucket extends Expectation {
    readonly kind: "bucket";
}

/** A user of the object store with its policy: what one service may do there. */
export interface ExpectedAccess extends Expectation {
    readonly kind: "user";
    /** User, policy and attachment, as far as the program declares or the state holds them. */
    readonly parts: readonly { readonly urn: string; readonly stored: boolean }[];
    /** The policy's document; undefined while it is not known. */
    readonly policy: object | undefined;
    readonly password: string | undefined;
}

export interface ExpectedRole extends Expectation {
    readonly kind: "role";
    readonly password: string | undefined;
    /** Roles that it is a member of. */
    readonly roles: readonly string[];
}

export interface ExpectedDatabase extends Expectation {
    readonly kind: "database";
    readonly owner: string | undefined;
}

export interface ExpectedSecret extends Expectation {
    readonly kind: "secret";
    readonly namespace: string;
    readonly data: Readonly<Record<string, string>>;
}

export type Expected = ExpectedSecret | ExpectedBucket | ExpectedAccess | ExpectedRole | ExpectedDatabase;

const TYPES = {
    bucket: "minio:index/s3Bucket:S3Bucket",
    user: "minio:index/iamUser:IamUser",
    policy: "minio:index/iamPolicy:IamPolicy",
    attachment: "minio:index/iamUserPolicyAttachment:IamUserPolicyAttachment",
    role: "postgresql:index/role:Role",
    database: "postgresql:index/database:Database",
    secret: "kubernetes:core/v1:Secret",
} as const;

type Candidate = Pick<Expectation, "resource" | "stored" | "declared"> & {
    readonly inputs: Readonly<Record<string, unknown>>;
};

/**
 * What should be in the servers and in the cluster, Secrets first: the state, and what the program would add to it.
 *
 * @param state of the stack, secrets in clear.
 * @param plan what the next update creates and deletes.
 */
export function expectedContent(
    state: readonly StoredResource[],
    plan: readonly PlannedResource[],
): readonly Expected[] {
    const leaving = new Set(plan.filter(({ op }) => op === "delete").map(({ resource }) => resource.urn));
    const all: readonly Candidate[] = [
        ...state
            .filter(({ custom, external }) => custom === true && external !== true)
            .map((resource) => ({ resource, stored: true, declared: !leaving.has(resource.urn) })),
        ...plan
            .filter(({ op, resource }) => op === "create" && !state.some(({ urn }) => urn === resource.urn))
            .map(({ resource }) => ({ resource, stored: false, declared: true })),
    ].map((one) => ({ ...one, inputs: unwrapped(one.resource.inputs ?? {}) as Record<string, unknown> }));
    const ofType = (type: string): readonly Candidate[] =>
        all.filter(({ resource }) => resource.type === type);
    const secrets = ofType(TYPES.secret)
        .filter(({ stored }) => stored)
        .map(secretOf);
    // A service has the same name in MinIO, PostgreSQL and Kafka, and another password in each.
    const passwordOf = passwords(secrets, "accessKey", "secretKey");
    const rolePasswordOf = passwords(
        secrets.filter(({ name }) => name.endsWith(ROLE_SECRET_SUFFIX)),
        "username",
        "password",
    );
    return [
        ...secrets,
        ...ofType(TYPES.bucket).map((one) => ({ ...common(one, "bucket"), kind: "bucket" as const })),
        ...ofType(TYPES.user).map((one) => accessOf(one, ofType, passwordOf)),
        // What a user that was deleted left in the state.
        ...ofType(TYPES.attachment)
            .filter(({ resource }) => !ofType(TYPES.user).some((user) => isOfService(user, resource)))
            .map((one) => accessOf(one, ofType, passwordOf)),
        ...ofType(TYPES.role).map((one) => {
            const { name, ...rest } = common(one, "name");
            const roles = (one.inputs.roles as readonly string[] | undefined) ?? [];
            return { ...rest, name, kind: "role" as const, password: rolePasswordOf.get(name), roles };
        }),
        ...ofType(TYPES.database).map((one) => ({
            ...common(one, "name"),
            kind: "database" as const,
            owner: known(one.inputs.owner),
        })),
    ];
}

function common({ resource, stored, declared, inputs }: Candidate, key: string): Expectation {
    return { name: known(inputs[key]) ?? nameOf(resource.urn), resource, stored, declared };
}

/** A text that a preview knows; it stands in for others with a value of its own. */
function known(value: unknown): string | undefined {
    return typeof value === "string" && value !== UNKNOWN ? value : undefined;
}

/** What a preview prints for an output that is not known yet: `UnknownStringValue` of Pulumi's SDKs. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The user, the policy and the attachment of a service have the service's name in the program. */
function isOfService({ resource }: Candidate, other: StoredResource): boolean {
    return nameOf(resource.urn) === nameOf(other.urn) && resource.parent === other.parent;
}

function accessOf(
    one: Candidate,
    ofType: (type: string) => readonly Candidate[],
    passwordOf: ReadonlyMap<string, string>,
): ExpectedAccess {
    const base = common(one, one.resource.type === TYPES.user ? "name" : "userName");
    const parts = [TYPES.user, TYPES.policy, TYPES.attachment].flatMap((type) =>
        ofType(type).filter((part) => isOfService(part, one.resource)),
    );
    const document = parts.find(({ resource }) => resource.type === TYPES.policy)?.inputs.policy;
    return {
        ...base,
        kind: "user",
        stored: parts.some(({ stored }) => stored),
        parts: parts.map(({ resource, stored }) => ({ urn: resource.urn, stored })),
        policy: known(document) === undefined ? undefined : (JSON.parse(String(document)) as object),
        password: passwordOf.get(base.name),
    };
}

function secretOf(one: Candidate): ExpectedSecret {
    const {
        metadata,
        stringData,
        data = {},
    } = one.inputs as {
        metadata?: { name?: string; namespace?: string };
        stringData?: Record<string, string>;
        data?: Record<string, string>;
    };
    const decoded = Object.entries(data).map(
        ([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")] as const,
    );
    return {
        ...common(one, ""),
        kind: "secret",
        name: metadata?.name ?? nameOf(one.resource.urn),
        namespace: metadata?.namespace ?? "",
        // The Kubernetes provider stores the one as the other.
        data: { ...Object.fromEntries(decoded), ...stringData },
    };
}

/** Passwords by user, from the Secrets that services sign in with; `userKey` and `passwordKey` are keys of these. */
function passwords(
    secrets: readonly ExpectedSecret[],
    userKey: string,
    passwordKey: string,
): ReadonlyMap<string, string> {
    return new Map(
        secrets.flatMap(({ data }) => {
            const [user, password] = [data[userKey], data[passwordKey]];
            return user === undefined || password === undefined ? [] : [[user, password] as const];
        }),
    );
}
