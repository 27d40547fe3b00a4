import assert from "node:assert/strict";
import { networkRange } from "../../stacks/settings/networkRange";
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
    it("a pull secret that cannot exist yet is refused, with the way to provide it", () => {
        assert.match(
            refusal({ cluster: { pullSecrets: ["login"] } }),
            /flts:cluster\.pullSecrets\.0 = "login": .*<namespace>\/login, or set flts:namespace\.create to false/,
        );
        settings({ namespace: { name: "flts", create: false }, cluster: { pullSecrets: ["login"] } });
        settings({ cluster: { pullSecrets: ["registries/login"] } });
    });

    it("two pull secrets with the same name are refused", () => {
        assert.match(
            refusal({ cluster: { pullSecrets: ["a/login", "b/login"] } }),
            /flts:cluster\.pullSecrets\.1 = "b\/login": has the name of a\/login/,
        );
    });

    it("a request for disk above its limit is refused, for all pods and for one tier", () => {
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

    it("labels that selectors use, and a password in a proxy's address, are refused", () => {
        assert.match(refusal({ cluster: { podLabels: { "app.kubernetes.io/name": "x" } } }), /podLabels/);
        assert.match(
            refusal({ cluster: { proxy: { https: "http://user:word@proxy.example:3128" } } }),
            /flts:cluster\.proxy\.https = .*without a password/,
        );
    });
});

describe("networks in settings", () => {
    const places: readonly ((range: string) => [string, object])[] = [
        (range) => ["cluster.sourceRanges", { cluster: { sourceRanges: [range] } }],
        (range) => ["loadBalancer.trustedProxies", { loadBalancer: { trustedProxies: [range] } }],
        (range) => ["network.apiServer.cidrs", { network: { apiServer: { cidrs: [range] } } }],
        (range) => ["network.dns.cidrs", { network: { dns: { cidrs: [range] } } }],
        (range) => ["ingress.controllerCidrs", { ingress: { controllerCidrs: [range] } }],
    ];

    it("networks are refused if Kubernetes 1.36 refuses them: with bits beyond the prefix, or IPv4 inside IPv6", () => {
        for (const range of ["10.0.0.5/8", "0.0.0.1/0", "fd00::5/64", "::1/127", "::ffff:10.0.0.0/104"]) {
            assert.ok(!networkRange.safeParse(range).success, range);
        }
        for (const place of places) {
            const [path, given] = place("10.0.0.5/8");
            const message = refusal(given);
            assert.ok(message.includes(`flts:${path} = ["10.0.0.5/8"]: must be a list of networks`), message);
        }
    });

    it("networks with any prefix that fits their address are accepted", () => {
        for (const range of [
            "0.0.0.0/0",
            "10.0.0.128/25",
            "10.1.2.3/32",
            "::/0",
            "fd00:0:0:1::/64",
            "::1/128",
        ]) {
            assert.ok(networkRange.safeParse(range).success, range);
        }
        for (const place of places) {
            settings(place("10.0.0.128/25")[1] as Record<string, unknown>);
        }
    });
});
