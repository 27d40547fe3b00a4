import { escapeIdentifier, escapeLiteral } from "pg";
import { isGone, PLACES, type Finding } from "./compare";
import type { ExpectedDatabase, ExpectedRole } from "./expected";
import { adopt, forget, update, type Pulumi } from "./pulumi";
import type { Reach } from "./reach";
import { nameOf } from "./state";
import { asAdministrator } from "./survey";

/** One thing that is done, and what is printed before. */
export interface Step {
    readonly title: string;
    readonly run: () => Promise<void>;
}

/** What a repair works with. */
export interface Tools {
    readonly pulumi: Pulumi;
    readonly reach: Reach;
    /** Deletes a Secret whose values are all in the state. */
    readonly deleteSecret: (namespace: string, name: string) => Promise<void>;
}

/** Steps that repair a finding. None of them deletes data. */
export function repairSteps(finding: Finding, tools: Tools): readonly Step[] {
    const { expected, repair } = finding;
    const { kind, name, resource } = expected;
    const { pulumi, reach } = tools;
    const title = `${kind} ${name}`;
    const forgets = (urn: string): Step => ({
        title: `remove ${nameOf(urn)} (${kindOf(urn)}) from the state`,
        run: () => forget(pulumi, urn),
    });
    const creates = (urns: readonly string[]): Step => ({
        title: `pulumi up for ${title} alone`,
        run: () => update(pulumi, urns),
    });
    switch (repair) {
        case "none":
            return [];
        case "forget":
            return storedUrns(finding).map(forgets);
        case "adopt":
            return [
                {
                    title: `pulumi import ${title}`,
                    run: () => reach.during(() => adopt(pulumi, resource, name)),
                },
                creates([resource.urn]),
            ];
        case "close":
            return [
                {
                    title: `delete the bucket policy of ${name}`,
                    run: () => reach.during(async () => reach.objectStore()?.deleteBucketPolicy(name)),
                },
            ];
        case "alter":
            return alterations(finding, reach);
        case "recreate":
            return [
                ...removal(finding, tools),
                ...storedUrns(finding).map(forgets),
                creates(expected.kind === "user" ? expected.parts.map(({ urn }) => urn) : [resource.urn]),
            ];
    }
}

/** URNs of what the state holds of the finding, those first that others are made of. */
function storedUrns({ expected }: Finding): readonly string[] {
    return expected.kind === "user"
        ? expected.parts.filter(({ stored }) => stored).map(({ urn }) => urn)
        : [expected.resource.urn];
}

function kindOf(urn: string): string {
    return urn.split("::").at(-2)?.split(":").pop() ?? "";
}

/** What must be deleted before an object without data can be recreated. */
function removal({ expected, problem }: Finding, { reach, deleteSecret }: Tools): readonly Step[] {
    const { kind, name } = expected;
    switch (kind) {
        case "user":
            return [
                {
                    title: `remove user ${name} and its policy from ${PLACES[kind]}; its password stays`,
                    run: () =>
                        reach.during(async () => {
                            // A policy cannot be removed while someone has it.
                            await reach.objectStore()?.removeUser(name);
                            await reach.objectStore()?.removePolicy(name);
                        }),
                },
            ];
        case "secret":
            return problem === isGone(expected)
                ? []
                : [
                      {
                          title: `delete Secret ${name}, whose values the state has`,
                          run: () => deleteSecret(expected.namespace, name),
                      },
                  ];
        default:
            return [];
    }
}

function alterations({ expected }: Finding, reach: Reach): readonly Step[] {
    const address = reach.servers.find(({ server }) => server === "PostgreSQL");
    if (address === undefined || (expected.kind !== "role" && expected.kind !== "database")) {
        return [];
    }
    return [
        {
            title: `alter ${expected.kind} ${expected.name} in PostgreSQL`,
            run: () =>
                reach.during(() =>
                    asAdministrator(address, async (client) => {
                        if (expected.kind === "database") {
                            await client.query(ownerStatement(expected));
                            return;
                        }
                        const { rows } = await client.query<{ superuser: boolean }>(
                            "SELECT rolsuper AS superuser FROM pg_roles WHERE rolname = current_user",
                        );
                        const members = await client.query<{ role: string }>(
                            "SELECT r.rolname AS role FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid " +
                                "JOIN pg_roles u ON u.oid = m.member WHERE u.rolname = $1",
                            [expected.name],
                        );
                        const memberships = members.rows.map(({ role }) => role);
                        for (const statement of roleStatements(
                            expected,
                            memberships,
                            rows[0]?.superuser === true,
                        )) {
                            await client.query(statement);
                        }
                    }),
                ),
        },
    ];
}

function ownerStatement({ name, owner = "" }: ExpectedDatabase): string {
    return `ALTER DATABASE ${escapeIdentifier(name)} OWNER TO ${escapeIdentifier(owner)}`;
}

/**
 * SQL that makes a role what it should be.
 *
 * @param memberships roles that it is a member of now.
 * @param superuser whether the administrator is one, who alone may name the attributes of superusers.
 */
export function roleStatements(
    { name, password, roles }: Pick<ExpectedRole, "name" | "password" | "roles">,
    memberships: readonly string[],
    superuser: boolean,
): readonly string[] {
    const role = escapeIdentifier(name);
    const attributes = ["LOGIN", "INHERIT", "NOCREATEDB", "NOCREATEROLE"];
    const restricted = superuser ? ["NOSUPERUSER", "NOREPLICATION", "NOBYPASSRLS"] : [];
    const secret = password === undefined ? [] : [`PASSWORD ${escapeLiteral(password)}`];
    return [
        `ALTER ROLE ${role} WITH ${[...attributes, ...restricted, ...secret].join(" ")}`,
        ...roles
            .filter((one) => !memberships.includes(one))
            .map((one) => `GRANT ${escapeIdentifier(one)} TO ${role}`),
        ...memberships
            .filter((one) => !roles.includes(one))
            .map((one) => `REVOKE ${escapeIdentifier(one)} FROM ${role}`),
    ];
}
