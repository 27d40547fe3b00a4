import assert from "node:assert/strict";
import { TestStack, type Declared } from "./support/stack";

const password = (properties: Record<string, unknown> = {}): Declared => ({
    type: "random.RandomPassword",
    name: "password",
    properties: { length: 24, minUpper: 2, minNumeric: 3, overrideSpecial: "_-", ...properties },
});

const everything: readonly Declared[] = [
    password(),
    { type: "random.RandomString", name: "text", properties: { length: 12, upper: false, special: false } },
    { type: "random.RandomBytes", name: "bytes", properties: { length: 16 } },
    { type: "random.RandomId", name: "id", properties: { byteLength: 4, prefix: "flts-" } },
    { type: "random.RandomInteger", name: "integer", properties: { min: 3, max: 9, seed: "abc" } },
    { type: "random.RandomUuid", name: "uuid" },
];

/** The engine's stack and the provider resource are created too. */
const others = 2;

describe("plugin random", function () {
    this.timeout(300_000);
    let stack: TestStack;

    before(async () => {
        stack = await TestStack.create({ random: {} });
    });
    after(() => {
        stack.remove();
    });

    it("creates values of the wanted form and keeps them", async () => {
        assert.deepEqual(await stack.preview(everything), { create: everything.length + others });
        assert.equal((await stack.up(everything)).created, everything.length + others);
        const { result, bcryptHash, number, numeric, lower } = await stack.outputs("password");
        assert.match(String(result), /^(?=(?:.*[A-Z]){2})(?=(?:.*\d){3})[A-Za-z0-9_-]{24}$/);
        assert.match(String(bcryptHash), /^\$2a\$10\$.{53}$/);
        assert.deepEqual({ number, numeric, lower }, { number: true, numeric: true, lower: true });
        assert.match(String((await stack.outputs("text")).result), /^[a-z0-9]{12}$/);
        assert.match(String((await stack.outputs("id")).hex), /^flts-[0-9a-f]{8}$/);
        assert.equal((await stack.outputs("integer")).result, 4, "the number the official package draws");

        assert.deepEqual(await stack.refresh(), {});
        assert.deepEqual(await stack.up(everything), {});
        assert.equal((await stack.outputs("password")).result, result);
    });

    it("keeps passwords and bytes out of the state's clear text", async () => {
        const state = await stack.rawState();
        const { result, bcryptHash } = await stack.outputs("password");
        const { hex, base64 } = await stack.outputs("bytes");
        for (const secret of [result, bcryptHash, hex, base64]) {
            assert.ok(!state.includes(JSON.stringify(secret).slice(1, -1)));
        }
        assert.equal((await stack.resource("password")).id, "none");
    });

    it("replaces a value when its form or a keeper changes, and only then", async () => {
        const { result } = await stack.outputs("password");
        const spelled = [password({ lower: true, minLower: 0, numeric: true }), ...everything.slice(1)];
        assert.deepEqual(await stack.up(spelled), {}, "writing a default down changes nothing");
        const kept = [password({ keepers: { generation: "2" } }), ...everything.slice(1)];
        assert.deepEqual(await stack.preview(kept), { replace: 1 });
        assert.deepEqual(await stack.up(kept), { replaced: 1 });
        assert.notEqual((await stack.outputs("password")).result, result);
        const longer = [password({ keepers: { generation: "2" }, length: 30 }), ...everything.slice(1)];
        assert.deepEqual(await stack.up(longer), { replaced: 1 });
        assert.equal(String((await stack.outputs("password")).result).length, 30);
    });

    it("names the property and the fix of a wrong input", async () => {
        assert.match(
            await stack.upFails([password({ length: 2 })]),
            /length is 2: it must be at least minUpper/,
        );
        assert.match(await stack.upFails([password({ length: 0 })]), /length is 0: it must be at least 1/);
        assert.match(
            await stack.upFails([password({ length: 1.5 })]),
            /length is 1.5: it must be a whole number/,
        );
    });

    it("imports values that exist", async () => {
        const twin = await TestStack.create({ random: {} });
        const imports: readonly (readonly [Declared, string])[] = [
            [{ type: "random.RandomPassword", name: "password", properties: { length: 9 } }, "Passw0rd!"],
            [{ type: "random.RandomString", name: "text", properties: { length: 3 } }, "abc"],
            [{ type: "random.RandomBytes", name: "bytes", properties: { length: 3 } }, "AQID"],
            [{ type: "random.RandomId", name: "id", properties: { byteLength: 3, prefix: "p-" } }, "p-,AQID"],
            [{ type: "random.RandomInteger", name: "integer", properties: { min: 1, max: 9 } }, "7,1,9"],
            [{ type: "random.RandomUuid", name: "uuid" }, "aabbccdd-eeff-0011-2233-445566778899"],
        ];
        assert.equal(
            (await twin.up(imports.map(([one, id]) => ({ ...one, options: { import: id } })))).imported,
            imports.length,
        );
        assert.equal((await twin.outputs("password")).result, "Passw0rd!");
        assert.equal((await twin.outputs("bytes")).hex, "010203");
        assert.equal((await twin.outputs("id")).hex, "p-010203");
        assert.deepEqual(await twin.up(imports.map(([one]) => one)), {});
        twin.remove();
    });

    it("deletes", async () => {
        await stack.destroy();
        assert.deepEqual(await stack.resources(), []);
    });
});
