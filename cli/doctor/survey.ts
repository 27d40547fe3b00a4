import type { Client } from "pg";
import { isInvalidLogin, postgresClient } from "../../components/access/protocolProbes";
import type { Login } from "../../components/access/login";
import type { MinioClient } from "../../components/access/minioClient";
import type { Found, FoundRole, FoundUser } from "./compare";
import type { Expected, ExpectedAccess, ExpectedRole } from "./expected";
import type { Reach, ServerAddress } from "./reach";

/** Reads a Secret of the cluster; undefined when there is none. */
export type ReadSecret = (
    namespace: string,
    name: string,
) => Promise<Readonly<Record<string, string>> | undefined>;

/**
 * Looks up what is expected in the servers and in the cluster. It changes nothing.
 *
 * MinIO's users and policies are read by name: a list of users is encrypted with a scheme of MinIO's own, for which
 * there is no library here. That a user works is proved by signing in as it.
 */
export async function survey(
    expected: readonly Expected[],
    reach: Reach,
    readSecret: ReadSecret,
): Promise<Found> {
    const secrets = new Map<string, Readonly<Record<string, string>>>();
    for (const one of expected) {
        const data = one.kind === "secret" ? await readSecret(one.namespace, one.name) : undefined;
        if (data !== undefined) {
            secrets.set(one.name, data);
        }
    }
    return {
        secrets,
        ...(await surveyObjectStore(expected, reach)),
        ...(await surveyPostgres(expected, reach)),
    };
}

async function surveyObjectStore(
    expected: readonly Expected[],
    reach: Reach,
): Promise<Pick<Found, "buckets" | "users">> {
    const buckets = new Map<string, { public: boolean }>();
    const users = new Map<string, FoundUser>();
    const client = reach.objectStore();
    if (client === undefined) {
        return { buckets, users };
    }
    const wanted = expected.filter(({ kind }) => kind === "bucket").map(({ name }) => name);
    for (const bucket of await client.buckets()) {
        if (wanted.includes(bucket)) {
            buckets.set(bucket, { public: isOpen(await client.bucketPolicy(bucket)) });
        }
    }
    for (const one of expected) {
        const user = one.kind === "user" ? await findUser(client, reach, one) : undefined;
        if (user !== undefined) {
            users.set(one.name, user);
        }
    }
    return { buckets, users };
}

function isOpen(policy: string | undefined): boolean {
    const { Statement } = JSON.parse(policy ?? "{}") as { Statement?: readonly object[] };
    return (Statement?.length ?? 0) > 0;
}

async function findUser(
    root: MinioClient,
    reach: Reach,
    { name, password }: ExpectedAccess,
): Promise<FoundUser | undefined> {
    const user = await root.user(name);
    const policy = await root.policy(name);
    if (user === undefined) {
        return policy && { exists: false, enabled: false, policies: [], policy, signsIn: false };
    }
    const answer =
        password === undefined
            ? undefined
            : await reach.objectStore({ user: name, password })?.listsBuckets();
    return {
        exists: true,
        enabled: user.status === "enabled",
        policies: (user.policyName ?? "").split(",").filter((one) => one !== ""),
        policy,
        // A user that may not list buckets has signed in all the same.
        signsIn: answer?.status === 200 || answer?.code === "AccessDenied",
    };
}

async function surveyPostgres(
    expected: readonly Expected[],
    reach: Reach,
): Promise<Pick<Found, "roles" | "databases">> {
    const address = reach.servers.find(({ server }) => server === "PostgreSQL");
    const roles = new Map<string, FoundRole>();
    const databases = new Map<string, { owner: string }>();
    if (address === undefined) {
        return { roles, databases };
    }
    await asAdministrator(address, async (client) => {
        const owners = await client.query<{ name: string; owner: string }>(
            "SELECT datname AS name, pg_get_userbyid(datdba) AS owner FROM pg_database",
        );
        for (const { name, owner } of owners.rows) {
            databases.set(name, { owner });
        }
        for (const one of expected) {
            const role = one.kind === "role" ? await findRole(client, address, one) : undefined;
            if (role !== undefined) {
                roles.set(one.name, role);
            }
        }
    });
    return { roles, databases };
}

/** Does something as the role that the stack's provider uses. */
export async function asAdministrator(
    address: ServerAddress,
    work: (client: Client) => Promise<void>,
): Promise<void> {
    const client = postgresClient(address.host, address.port, address.login, address.sslMode);
    client.on("error", () => undefined);
    await client.connect();
    try {
        await work(client);
    } finally {
        client.end().catch(() => undefined);
    }
}

/** Attributes of a service's role, by their columns: what the role should be, as SQL names it. */
const ATTRIBUTES = {
    rolcanlogin: { wanted: true, sql: "LOGIN" },
    rolsuper: { wanted: false, sql: "NOSUPERUSER" },
    rolcreatedb: { wanted: false, sql: "NOCREATEDB" },
    rolcreaterole: { wanted: false, sql: "NOCREATEROLE" },
    rolreplication: { wanted: false, sql: "NOREPLICATION" },
    rolbypassrls: { wanted: false, sql: "NOBYPASSRLS" },
    rolinherit: { wanted: true, sql: "INHERIT" },
} as const;

async function findRole(
    client: Client,
    address: ServerAddress,
    { name, password }: ExpectedRole,
): Promise<FoundRole | undefined> {
    const { rows } = await client.query<Record<string, boolean>>(
        `SELECT ${Object.keys(ATTRIBUTES).join(", ")} FROM pg_roles WHERE rolname = $1`,
        [name],
    );
    const [row] = rows;
    if (row === undefined) {
        return undefined;
    }
    const members = await client.query<{ role: string }>(
        "SELECT r.rolname AS role FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid " +
            "JOIN pg_roles u ON u.oid = m.member WHERE u.rolname = $1 ORDER BY 1",
        [name],
    );
    return {
        wrongAttributes: Object.entries(ATTRIBUTES)
            .filter(([column, { wanted }]) => row[column] !== wanted)
            .map(([, { sql }]) => sql),
        roles: members.rows.map(({ role }) => role),
        signsIn: password !== undefined && (await signsIn(address, { user: name, password })),
    };
}

/** Whether a role's login is accepted; an error of any other kind is thrown. */
async function signsIn(address: ServerAddress, login: Login): Promise<boolean> {
    const client = postgresClient(address.host, address.port, login, address.sslMode);
    client.on("error", () => undefined);
    try {
        await client.connect();
        return true;
    } catch (error) {
        if (isInvalidLogin(error)) {
            return false;
        }
        throw error;
    } finally {
        client.end().catch(() => undefined);
    }
}
