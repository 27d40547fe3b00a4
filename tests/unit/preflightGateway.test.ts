import assert from "node:assert/strict";
import { pluralOf } from "../../stacks/preflight/declaredDemands";
import { known } from "../../stacks/preflight/finding";
import { readFacts } from "../../stacks/preflight/readFacts";
import { AnsweringCluster } from "../support/answeringCluster";
import { OBJECT, itChecks, type Case, type Cases } from "../support/preflight";

const VERSION = "gateway.networking.k8s.io/v1";
const ROUTES = { ...OBJECT, group: "gateway.networking.k8s.io", resource: "httproutes", name: "flts-api" };

/** Routes at this Gateway, in a cluster that has the Gateway API unless `served` says otherwise. */
function routed(
    gateway: Record<string, string>,
    facts: Case["facts"] = {},
    served = [VERSION, "apps/v1", "networking.k8s.io/v1"],
): Case {
    return {
        settings: { ingress: { enabled: true, kind: "Gateway", hosts: { api: "api.example.com" }, gateway } },
        facts: { groupVersions: known(served), ...facts },
        demands: { objects: [ROUTES, { ...ROUTES, resource: "gateways" }] },
    };
}

const gatewayWith = (from: "All" | "Same" | "Selector" | "None"): Case["facts"] => ({
    gateway: known({ listeners: [{ name: "web", from }] }),
});
const SHARED = { name: "shared", namespace: "gateways" };
const CLASSES = known([{ name: "traefik", isDefault: false }]);

const GATEWAYS: Cases = {
    "of a class, in a cluster without the Gateway API": [
        routed({ className: "traefik" }, {}, ["apps/v1"]),
        /^error: flts:ingress\.kind = "Gateway" with flts:ingress\.gateway\.className = "traefik": the cluster does not serve gateway\.networking\.k8s\.io\/v1; install .*, or set flts:ingress\.kind to Ingress$/,
    ],
    "of a name, in a cluster without the Gateway API": [
        routed(SHARED, {}, ["apps/v1"]),
        /^error: flts:ingress\.kind = "Gateway" with flts:ingress\.gateway\.name = "shared": the cluster does not serve/,
    ],
    "in a cluster with an older version of the Gateway API": [
        routed(SHARED, {}, ["apps/v1", "gateway.networking.k8s.io/v1beta1"]),
        /^error: flts:ingress\.kind = "Gateway" with .*does not serve gateway\.networking\.k8s\.io\/v1;/,
    ],
    "that does not exist": [
        routed(SHARED),
        /^error: flts:ingress\.gateway\.name = "shared": the namespace gateways has no such Gateway; name one of `kubectl get gateways --all-namespaces`/,
    ],
    "that does not exist in the stack's own namespace": [
        routed({ name: "shared" }),
        /the namespace team has no such Gateway/,
    ],
    "that the user may not read": [
        routed(SHARED, { gateway: { known: false, reason: "403" } }),
        /^unchecked: not checked: flts:ingress\.gateway\.name = "shared" \(403\)$/,
    ],
    "for all namespaces": [routed(SHARED, gatewayWith("All")), null],
    "for namespaces with a label": [routed(SHARED, gatewayWith("Selector")), null],
    "for its own namespace, in another one": [
        routed(SHARED, gatewayWith("Same")),
        /^warning: flts:ingress\.gateway\.name = "shared": its listeners take no routes of the namespace team; its owner can set allowedRoutes\.namespaces/,
    ],
    "for its own namespace, in the stack's": [routed({ name: "shared" }, gatewayWith("Same")), null],
    "without the listener that is named": [
        routed({ ...SHARED, sectionName: "secure" }, gatewayWith("All")),
        /^error: flts:ingress\.gateway\.sectionName = "secure": the Gateway gateways\/shared has no such listener; it has: web$/,
    ],
    "with the listener that is named": [routed({ ...SHARED, sectionName: "web" }, gatewayWith("All")), null],
    "of a missing class": [
        routed({ className: "envoy" }, { gatewayClasses: CLASSES }),
        /^warning: flts:ingress\.gateway\.className = "envoy": the cluster has no such Gateway class, .*it has: traefik$/,
    ],
    "of a class": [routed({ className: "traefik" }, { gatewayClasses: CLASSES }), null],
};

const GATEWAY = { metadata: { name: "shared" }, spec: { listeners: [{ name: "web" }] } };

describe("the preflight", () => {
    itChecks("a Gateway", GATEWAYS);

    it("asks for permissions on Gateways by the plural that the API has", () => {
        assert.deepEqual(["Gateway", "NetworkPolicy", "Ingress"].map(pluralOf), [
            "gateways",
            "networkpolicies",
            "ingresses",
        ]);
    });

    describe("as it reads a cluster's Gateways", () => {
        const answers: Readonly<Record<string, object>> = {
            "/apis": {
                groups: [
                    {
                        name: "gateway.networking.k8s.io",
                        versions: [{ groupVersion: VERSION, version: "v1" }],
                    },
                ],
            },
            [`/apis/${VERSION}/namespaces/gateways/gateways/shared`]: GATEWAY,
            [`/apis/${VERSION}/gatewayclasses`]: { items: [{ metadata: { name: "traefik" } }] },
        };
        const server = new AnsweringCluster((url) => {
            const answer = answers[url.split("?")[0] ?? ""];
            return answer === undefined
                ? { status: 404, body: { kind: "Status", code: 404 } }
                : { status: 200, body: answer };
        });

        before(() => server.start());
        after(() => server.stop());

        it("a listener that names no namespaces is for its own namespace, as in the API", async () => {
            const read = (name: string) =>
                readFacts("test", {
                    namespace: "flts",
                    access: [],
                    pullSecrets: [],
                    secrets: [],
                    gateway: { name, namespace: "gateways" },
                });
            const { groupVersions, gateway, gatewayClasses } = await read("shared");
            assert.deepEqual(groupVersions, known([VERSION]));
            assert.deepEqual(gateway, known({ listeners: [{ name: "web", from: "Same" }] }));
            assert.deepEqual(gatewayClasses, CLASSES);
            assert.deepEqual((await read("other")).gateway, known(undefined));
        });
    });
});
