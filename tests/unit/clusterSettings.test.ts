import assert from "node:assert/strict";
import { settings } from "../support/program";

/** What is reported about settings that are refused. */
function refusal(given: object): string {
    try {
        settings(given as Record<string, unknown>);
    } catch (error) {
        return (error as Error).message;
    }
    return assert.fail(`${JSON.stringify(given)} is accepted`);
}

describe("contradictions in cluster.*", () => {
    it("name a pull secret that cannot be there yet, and how to give it", () => {
        assert.match(
            refusal({ cluster: { pullSecrets: ["login"] } }),
            /flts:cluster\.pullSecrets\.0 = "login": .*<namespace>\/login, or set flts:namespace\.create to false/,
        );
        settings({ namespace: { name: "flts", create: false }, cluster: { pullSecrets: ["login"] } });
        settings({ cluster: { pullSecrets: ["registries/login"] } });
    });

    it("name two pull secrets that would be one", () => {
        assert.match(
            refusal({ cluster: { pullSecrets: ["a/login", "b/login"] } }),
            /flts:cluster\.pullSecrets\.1 = "b\/login": has the name of a\/login/,
        );
    });

    it("name a request for disk above its limit, of all pods and of one tier", () => {
        for (const [given, path] of [
            [{ ephemeralStorage: { request: "2Gi", limit: "1Gi" } }, "cluster"],
            [
                {
                    ephemeralStorage: { limit: "1Gi" },
                    tiers: { eval: { ephemeralStorage: { request: "2Gi" } } },
                },
                "cluster.tiers.eval",
            ],
        ] as const) {
            assert.ok(
                refusal({ cluster: given }).includes(
                    `flts:${path}.ephemeralStorage.request = "2Gi": must not be above flts:${path}.ephemeralStorage.limit (1Gi)`,
                ),
            );
        }
    });

    it("refuse labels that selectors use, and a password in a proxy's address", () => {
        assert.match(refusal({ cluster: { podLabels: { "app.kubernetes.io/name": "x" } } }), /podLabels/);
        assert.match(
            refusal({ cluster: { proxy: { https: "http://user:word@proxy.example:3128" } } }),
            /flts:cluster\.proxy\.https = .*without a password/,
        );
    });
});
