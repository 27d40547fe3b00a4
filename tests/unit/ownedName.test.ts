import assert from "node:assert/strict";
import * as fc from "fast-check";
import { ownedName, type Owner } from "../../components/core/data/ownedName";

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
const owner: fc.Arbitrary<Owner> = fc.record({
    namespaceName: label,
    instance: fc.stringMatching(/^[A-Za-z0-9_.-]{1,100}$/),
    identifier: fc.stringMatching(/^([a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?)?$/),
});
const service = fc.constantFrom("train", "restore", "preprocess", "monitoring");

describe("names of users in shared servers", () => {
    const seed = 20260728;

    it("names of users contain namespace, stack, identifier and service if these are short", () => {
        const stack = { namespaceName: "flts", instance: "dev", identifier: "" };
        assert.equal(ownedName(stack, "train"), "flts.dev.train");
        assert.equal(ownedName({ ...stack, identifier: "blue" }, "train"), "flts.dev.blue.train");
    });

    it("names of users are valid in MinIO and PostgreSQL, whatever the stack is called", () => {
        fc.assert(
            fc.property(owner, service, (stack, name) => {
                const user = ownedName(stack, name);
                assert.match(user, /^[0-9A-Za-z=,.@_+-]{3,63}$/);
                assert.ok(!user.startsWith("pg_"));
            }),
            { seed, numRuns: 500 },
        );
    });

    it("names of users differ for two stacks that differ in namespace, name or identifier", () => {
        fc.assert(
            fc.property(owner, owner, service, (one, other, name) => {
                fc.pre(JSON.stringify(one) !== JSON.stringify(other));
                assert.notEqual(ownedName(one, name), ownedName(other, name));
            }),
            { seed, numRuns: 500 },
        );
        // Where the parts meet is what distinguishes them.
        for (const [one, other] of [
            [
                { namespaceName: "a-b", instance: "c", identifier: "" },
                { namespaceName: "a", instance: "b-c", identifier: "" },
            ],
            [
                { namespaceName: "a", instance: "b.c", identifier: "" },
                { namespaceName: "a", instance: "b", identifier: "c" },
            ],
        ] as const) {
            assert.notEqual(ownedName(one, "train"), ownedName(other, "train"));
        }
    });
});
