import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkGateway } from "../../stacks/platform/gatewayCheck";
import type { Settings } from "../../stacks/settings/parsed/settings";
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
    let server: Server;
    let directory: string;
    const kubeconfig = process.env.KUBECONFIG;

    before(async () => {
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
        server = createServer((request, response) => {
            const path = (request.url ?? "").split("?")[0] ?? "";
            const answer = answers[path === "/apis" && served.includes(GROUP) ? "/apis with" : path];
            response.setHeader("content-type", "application/json");
            response.statusCode = answer === undefined ? 404 : 200;
            response.end(JSON.stringify(answer ?? { kind: "Status", code: 404 }));
        });
        await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
        const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        directory = mkdtempSync(join(tmpdir(), "flts-gateway-"));
        process.env.KUBECONFIG = join(directory, "config");
        writeFileSync(
            process.env.KUBECONFIG,
            JSON.stringify({
                clusters: [{ name: "c", cluster: { server: address, "insecure-skip-tls-verify": true } }],
                users: [{ name: "u", user: {} }],
                contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
            }),
        );
    });

    after(() => {
        server.close();
        rmSync(directory, { recursive: true });
        if (kubeconfig === undefined) {
            delete process.env.KUBECONFIG;
        } else {
            process.env.KUBECONFIG = kubeconfig;
        }
    });

    it("is refused in a cluster without the Gateway API, whoever makes the Gateway", async () => {
        served = [];
        for (const gateway of [{ className: "traefik" }, { name: "shared", namespace: "gateways" }]) {
            await assert.rejects(
                checkGateway(chosen(gateway), "c"),
                /flts:ingress\.kind = "Gateway".*does not serve gateway\.networking\.k8s\.io\/v1.*set flts:ingress\.kind to Ingress/,
            );
        }
        await checkGateway(settings(), "c");
    });

    it("is refused when it does not exist, by its name", async () => {
        served = [GROUP];
        await checkGateway(chosen({ className: "traefik" }), "c");
        await checkGateway(chosen({ name: "shared", namespace: "gateways" }), "c");
        await assert.rejects(
            checkGateway(chosen({ name: "other", namespace: "gateways" }), "c"),
            /flts:ingress\.gateway\.name = "other": the namespace gateways has no such Gateway/,
        );
    });
});
