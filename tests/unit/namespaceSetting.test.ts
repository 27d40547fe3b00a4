import assert from "node:assert/strict";
import { readSettings } from "../../stacks/settings/read";
import { mistakesOf } from "../support/mistakes";

/** Messages of the mistakes in a configuration. */
function mistakes(configuration: Record<string, string>): string[] {
    return mistakesOf(() => readSettings(configuration, "dev"));
}

describe("settings", () => {
    it("the namespace is a name, as in release 0.1.0, or a group that says who creates it", () => {
        const namespace = (configuration: Record<string, string>) =>
            readSettings(configuration, "dev").namespace;
        assert.deepEqual(namespace({}), { name: "flts", create: true });
        assert.deepEqual(namespace({ "flts:namespace": "team" }), { name: "team", create: true });
        assert.deepEqual(namespace({ "flts:namespace": '{"create":false}' }), {
            name: "flts",
            create: false,
        });
        assert.deepEqual(namespace({ "flts:namespace": '{"name":"team","create":"false"}' }), {
            name: "team",
            create: false,
        });
        assert.deepEqual(namespace({ "flts:namespace": "team", "flts:namespace.create": "false" }), {
            name: "team",
            create: false,
        });
        assert.match(
            mistakes({ "flts:namespace": '{"name":"Team"}' })[0] ?? "",
            /^flts:namespace = .*: must be lower-case/,
        );
        assert.match(
            mistakes({ "flts:namespace": '{"crate":false}' })[0] ?? "",
            /flts:namespace\.crate: there is no such/,
        );
        assert.match(mistakes({ "flts:namespace": '["a"]' })[0] ?? "", /^flts:namespace = \["a"\]: must be/);
    });
});
