import assert from "node:assert/strict";
import { checkGateway } from "../../stacks/platform/gatewayCheck";
import type { Settings } from "../../stacks/settings/parsed/settings";
import { AnsweringCluster } from "../support/answeringCluster";
import { settings } from "../support/program";

const GROUP = "gateway.networking.k8s.io";
const VERSION = { groupVersion: `${GROUP}/v1`, version: "v1" };

function chosen(gateway: Record<string, string>): Settings {
    return settings({
        ingress: { enabled: true, kind: "Gateway", hosts: { api: "api.example.com" }, gateway },
    });
}

describe("a Gateway that routes are attached to", () => {
    let served: string[] = [];
    const answers: Readonly<Record<string, object>> = {
        "/apis": { groups: [] },
        "/apis with": { groups: [{ name: GROUP, versions: [VERSION], preferredVersion: VERSION }] },
        [`/apis/${VERSION.groupVersion}`]: {
            groupVersion: VERSION.groupVersion,
            resources: [
                {
                    name: "gateways",
                    kind: "Gateway",
                    namespaced: true,
                    singularName: "gateway",
                    verbs: ["get"],
                },
            ],
        },
        [`/apis/${VERSION.groupVersion}/namespaces/gateways/gateways/shared`]: {
            apiVersion: VERSION.groupVersion,
            kind: "Gateway",
            metadata: { name: "shared", labels: {} },
        },
    };
    const server = new AnsweringCluster((url) => {
        const path = url.split("?")[0] ?? "";
        const answer = answers[path === "/apis" && served.includes(GROUP) ? "/apis with" : path];
        return answer === undefined
            ? { status: 404, body: { kind: "Status", code: 404 } }
            : { status: 200, body: answer };
    });

    before(() => server.start());
    after(() => server.stop());

    it("is refused in a cluster without the Gateway API, whoever makes the Gateway", async () => {
        served = [];
        for (const gateway of [{ className: "traefik" }, { name: "shared", namespace: "gateways" }]) {
            await assert.rejects(
                checkGateway(chosen(gateway), "test"),
                /flts:ingress\.kind = "Gateway".*does not serve gateway\.networking\.k8s\.io\/v1.*set flts:ingress\.kind to Ingress/,
            );
        }
        await checkGateway(settings(), "test");
    });

    it("is refused when it does not exist, by its name", async () => {
        served = [GROUP];
        await checkGateway(chosen({ className: "traefik" }), "test");
        await checkGateway(chosen({ name: "shared", namespace: "gateways" }), "test");
        await assert.rejects(
            checkGateway(chosen({ name: "other", namespace: "gateways" }), "test"),
            /flts:ingress\.gateway\.name = "other": the namespace gateways has no such Gateway/,
        );
    });
});
