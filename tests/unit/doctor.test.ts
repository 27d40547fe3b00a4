import assert from "node:assert/strict";
import * as fc from "fast-check";
import { compare, isSamePolicy, type Found, type FoundRole, type FoundUser } from "../../cli/doctor/compare";
import { expectedContent, type Expected } from "../../cli/doctor/expected";
import { roleStatements } from "../../cli/doctor/repair";
import { unwrapped, withoutResource, type ExportedState, type StoredResource } from "../../cli/doctor/state";

const seed = 20261125;
const names = fc.constantFrom("a", "b", "c", "d");
const resource: StoredResource = { urn: "urn:pulumi:dev::flts::minio:index/s3Bucket:S3Bucket::a", type: "" };
const policyOf = (name: string): object => ({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: name }],
});

/** Anything that may be expected, by kind and name once each. */
const expectation: fc.Arbitrary<Expected> = fc
    .record({
        kind: fc.constantFrom("secret", "bucket", "user", "role", "database"),
        name: names,
        stored: fc.boolean(),
        declared: fc.boolean(),
    })
    .map((one) => ({
        ...one,
        // What the program does not declare is known from the state alone.
        stored: one.stored || !one.declared,
        resource,
        namespace: "flts",
        data: { password: one.name },
        parts: [{ urn: resource.urn, stored: one.stored || !one.declared }],
        policy: policyOf(one.name),
        password: one.name,
        roles: ["pg_monitor"],
        owner: one.name,
    }));

const expectations = fc.uniqueArray(expectation, { selector: ({ kind, name }) => `${kind} ${name}` });

/** Servers in which everything that the state and the program have is as it should be. */
function perfect(expected: readonly Expected[]): Found {
    const of = <Value>(kind: Expected["kind"], value: (name: string) => Value): Map<string, Value> =>
        new Map(
            expected
                .filter((one) => one.kind === kind && one.stored)
                .map(({ name }) => [name, value(name)] as const),
        );
    return {
        secrets: of("secret", (name) => ({ password: name })),
        buckets: of("bucket", () => ({ public: false })),
        users: of<FoundUser>("user", (name) => ({
            exists: true,
            enabled: true,
            policies: [name],
            policy: policyOf(name),
            signsIn: true,
        })),
        roles: of<FoundRole>("role", () => ({ wrongAttributes: [], roles: ["pg_monitor"], signsIn: true })),
        databases: of("database", (name) => ({ owner: name })),
    };
}

describe("the doctor's comparison", () => {
    it("finds nothing where servers and state agree, and nothing that the next update creates by itself", () => {
        fc.assert(
            fc.property(expectations, (expected) => {
                assert.deepEqual(compare(expected, perfect(expected)), []);
            }),
            { seed, numRuns: 200 },
        );
    });

    it("finds each thing that a server lost, once, and repairs none of them by deleting", () => {
        fc.assert(
            fc.property(expectations, fc.array(names), (expected, lost: readonly string[]) => {
                const found = perfect(expected);
                for (const things of Object.values(found) as Map<string, unknown>[]) {
                    lost.forEach((name) => things.delete(name));
                }
                const findings = compare(expected, found);
                assert.deepEqual(
                    new Set(findings.map((finding) => finding.expected)),
                    new Set(expected.filter(({ name, stored }) => stored && lost.includes(name))),
                );
                for (const { expected: one, problem, repair } of findings) {
                    assert.match(problem, /^in the state, not in (Kubernetes|MinIO|PostgreSQL)/);
                    assert.equal(repair, one.declared ? "recreate" : "forget");
                }
            }),
            { seed, numRuns: 200 },
        );
    });

    it("takes into the state what only a server has, if it accepts this stack's password", () => {
        fc.assert(
            fc.property(expectations, fc.boolean(), (all, ours) => {
                const expected = all
                    .filter(({ declared, kind }) => declared && kind !== "secret")
                    .map((one) => ({
                        ...one,
                        stored: false,
                        ...(one.kind === "user" ? { parts: [{ urn: resource.urn, stored: false }] } : {}),
                    })) as Expected[];
                const found = perfect(expected.map((one) => ({ ...one, stored: true })));
                for (const [name, user] of found.users) {
                    (found.users as Map<string, FoundUser>).set(name, { ...user, signsIn: ours });
                }
                for (const [name, role] of found.roles) {
                    (found.roles as Map<string, FoundRole>).set(name, { ...role, signsIn: ours });
                }
                const findings = compare(expected, found);
                assert.equal(findings.length, expected.length);
                for (const { expected: one, repair } of findings) {
                    const own = one.kind === "user" ? "recreate" : "adopt";
                    const withPassword = one.kind === "user" || one.kind === "role";
                    assert.equal(repair, ours || !withPassword ? own : "none");
                }
            }),
            { seed, numRuns: 200 },
        );
    });

    it("takes policies for the same whatever their order, and for others when they allow something else", () => {
        const mine = {
            Version: "2012-10-17",
            Statement: [
                {
                    Effect: "Allow",
                    Action: ["s3:GetObject", "s3:ListBucket"],
                    Resource: ["arn:aws:s3:::a/*"],
                },
            ],
        };
        const theirs = {
            Statement: [
                {
                    Sid: "",
                    Action: ["s3:ListBucket", "s3:GetObject"],
                    Effect: "Allow",
                    Resource: "arn:aws:s3:::a/*",
                },
            ],
            Version: "2012-10-17",
        };
        assert.ok(isSamePolicy(mine, theirs));
        assert.ok(
            !isSamePolicy(mine, {
                ...theirs,
                Statement: [...theirs.Statement, { Effect: "Allow", Action: "*" }],
            }),
        );
        assert.ok(
            !isSamePolicy(mine, { ...theirs, Statement: [{ ...theirs.Statement[0], Action: ["s3:*"] }] }),
        );
    });
});

describe("the doctor's view of a state", () => {
    const state: ExportedState = {
        version: 3,
        deployment: {
            resources: [
                { urn: "stack", type: "pulumi:pulumi:Stack" },
                { urn: "user", type: "minio", parent: "stack", provider: "provider::id" },
                { urn: "provider", type: "pulumi:providers:minio" },
                {
                    urn: "pod",
                    type: "kubernetes",
                    parent: "stack",
                    deletedWith: "user",
                    dependencies: ["user", "provider"],
                    propertyDependencies: { name: ["user"], other: null },
                },
            ],
        },
    };

    it("leaves those who depend on a forgotten resource in the state, and no reference to it", () => {
        const { resources = [] } = withoutResource(state, "user").deployment;
        assert.deepEqual(
            resources.map(({ urn }) => urn),
            ["stack", "provider", "pod"],
        );
        assert.deepEqual(resources.at(-1), {
            urn: "pod",
            type: "kubernetes",
            parent: "stack",
            dependencies: ["provider"],
            propertyDependencies: { name: [], other: null },
        });
    });

    it("refuses to orphan a resource's children and what a provider manages", () => {
        assert.throws(() => withoutResource(state, "stack"), /user belongs to it/);
        assert.throws(() => withoutResource(state, "provider"), /user belongs to it/);
    });

    it("reads secrets through all their wrappings, and takes the password of a user from its Secret", () => {
        const secret = (value: unknown): object => ({
            "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
            plaintext: JSON.stringify(value),
        });
        assert.deepEqual(unwrapped({ a: [secret({ b: "c" })] }), { a: [{ b: "c" }] });
        const expected = expectedContent(
            [
                {
                    urn: "urn:pulumi:dev::flts::kubernetes:core/v1:Secret::train-object-store",
                    type: "kubernetes:core/v1:Secret",
                    custom: true,
                    inputs: {
                        metadata: { name: "train-object-store", namespace: "flts" },
                        data: secret({ accessKey: "dXNlcg==", secretKey: "a2V5" }),
                    },
                },
                {
                    urn: "urn:pulumi:dev::flts::minio:index/iamUser:IamUser::train",
                    type: "minio:index/iamUser:IamUser",
                    custom: true,
                    inputs: { name: "user", secret: secret("key") },
                },
            ],
            [],
        );
        assert.deepEqual(
            expected.map((one) => [one.kind, one.name, "password" in one ? one.password : one.kind]),
            [
                ["secret", "train-object-store", "secret"],
                ["user", "user", "key"],
            ],
        );
    });

    it("keeps the passwords apart that a service has under one name in MinIO, PostgreSQL and Kafka", () => {
        const secret = (name: string, stringData: Record<string, string>): StoredResource => ({
            urn: `urn:pulumi:dev::flts::kubernetes:core/v1:Secret::${name}`,
            type: "kubernetes:core/v1:Secret",
            custom: true,
            inputs: { metadata: { name, namespace: "flts" }, stringData },
        });
        const user = "flts.dev.mlflow";
        const expected = expectedContent(
            [
                secret("mlflow-postgres", { username: user, password: "of PostgreSQL" }),
                secret("mlflow-object-store", { accessKey: user, secretKey: "of MinIO" }),
                secret("mlflow-kafka", { username: user, password: "of Kafka" }),
                {
                    urn: "urn:pulumi:dev::flts::minio:index/iamUser:IamUser::mlflow",
                    type: "minio:index/iamUser:IamUser",
                    custom: true,
                    inputs: { name: user },
                },
                {
                    urn: "urn:pulumi:dev::flts::postgresql:index/role:Role::mlflow",
                    type: "postgresql:index/role:Role",
                    custom: true,
                    inputs: { name: user },
                },
            ],
            [],
        );
        assert.deepEqual(
            expected.flatMap((one) => ("password" in one ? [[one.kind, one.password]] : [])),
            [
                ["user", "of MinIO"],
                ["role", "of PostgreSQL"],
            ],
        );
    });
});

describe("the doctor's SQL", () => {
    const role = { name: 'flts.dev."x"', password: "it's", roles: ["pg_monitor"] };

    it("quotes names and passwords, and grants and revokes what differs", () => {
        assert.deepEqual(roleStatements(role, ["pg_read_all_data"], true), [
            `ALTER ROLE "flts.dev.""x""" WITH LOGIN INHERIT NOCREATEDB NOCREATEROLE NOSUPERUSER NOREPLICATION NOBYPASSRLS PASSWORD 'it''s'`,
            'GRANT "pg_monitor" TO "flts.dev.""x"""',
            'REVOKE "pg_read_all_data" FROM "flts.dev.""x"""',
        ]);
    });

    it("names no attribute of superusers as an administrator who is none", () => {
        assert.doesNotMatch(roleStatements(role, [], false).join(), /SUPERUSER|REPLICATION|BYPASSRLS/);
    });
});
