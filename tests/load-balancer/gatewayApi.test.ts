import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { succeed } from "../support/commands";
import { ofType } from "../support/objects";
import { deployProgram, settings } from "../support/program";
import { TRAEFIK, traefikProgram } from "../support/traefik";
import { ApiServer, TOKEN } from "./support/apiServer";
import { until } from "./support/balancer";
import { freePort } from "../support/freePort";

/** CRDs of the Gateway API; a version that the controller knows. */
const GATEWAY_MODULE = "sigs.k8s.io/gateway-api@v1.5.1";
const NAMESPACE = "flts";
const hosts = { api: "api.flts.test", mlflow: "mlflow.flts.test", grafana: "grafana.flts.test" } as const;

/** An address of this machine that endpoints may have, which loopback's are not. */
function machineAddress(): string {
    const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const found = addresses.find(({ family, internal }) => family === "IPv4" && !internal);
    return found?.address ?? assert.fail("this machine has no IPv4 address but loopback's");
}

/** Services as the program's routes name them, each with one endpoint: a server of this test. */
function servers(services: Readonly<Record<string, number>>, port: number): object[] {
    const address = machineAddress();
    return Object.entries(services).flatMap(([name, servicePort]) => [
        {
            apiVersion: "v1",
            kind: "Service",
            metadata: { name, namespace: NAMESPACE },
            spec: { ports: [{ name: "http", port: servicePort, targetPort: port }] },
        },
        {
            apiVersion: "discovery.k8s.io/v1",
            kind: "EndpointSlice",
            metadata: { name, namespace: NAMESPACE, labels: { "kubernetes.io/service-name": name } },
            addressType: "IPv4",
            endpoints: [{ addresses: [address], conditions: { ready: true } }],
            ports: [{ name: "http", port }],
        },
    ]);
}

describe("routes at a Gateway, through a real controller", function () {
    this.timeout(180_000);

    const api = new ApiServer();
    let server: Server;
    let controller: ChildProcess | undefined;
    let httpsPort: number;
    let authority: string;
    let log = "";

    before(async () => {
        server = createServer(({ headers }, response) => response.end(headers.host));
        await new Promise<void>((listening) => server.listen(0, listening));
        const [httpPort, https] = [await freePort(), await freePort()];
        httpsPort = https;
        const [declared] = await Promise.all([
            deployProgram(
                settings({
                    ingress: {
                        enabled: true,
                        kind: "Gateway",
                        hosts,
                        gateway: { className: TRAEFIK, httpPort, httpsPort },
                        tls: { secretName: "given" },
                    },
                }),
            ),
            api.start(),
        ]);
        const { Dir: module } = JSON.parse(
            await succeed("go", ["mod", "download", "-json", GATEWAY_MODULE], { directory: api.directory }),
        ) as { Dir: string };
        await api.apply({ folder: join(module, "config", "crd", "standard") });
        await until(
            "the API server serves the Gateway API",
            async () => (await api.kubectl(["get", "httproutes"])).code === 0,
            30_000,
        );
        const certificate = await makeCertificate(api.directory);
        authority = certificate.certificate;
        const objects = ["HTTPRoute", "Gateway"].flatMap((kind) =>
            ofType(declared.resources, `kubernetes:gateway.networking.k8s.io/v1:${kind}`).map(
                ({ inputs }) => inputs,
            ),
        );
        assert.equal(objects.length, 4);
        await api.apply({
            objects: [
                { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
                {
                    apiVersion: "gateway.networking.k8s.io/v1",
                    kind: "GatewayClass",
                    metadata: { name: TRAEFIK },
                    spec: { controllerName: "traefik.io/gateway-controller" },
                },
                {
                    apiVersion: "v1",
                    kind: "Secret",
                    metadata: { name: "given", namespace: NAMESPACE },
                    type: "kubernetes.io/tls",
                    stringData: { "tls.crt": certificate.certificate, "tls.key": certificate.key },
                },
                ...servers(
                    { "inference-lb": 80, "mlflow-login": 80, grafana: 3000 },
                    (server.address() as AddressInfo).port,
                ),
                ...objects,
            ],
        });
        controller = spawn(
            await traefikProgram(),
            [
                `--entrypoints.http.address=127.0.0.1:${httpPort}`,
                `--entrypoints.https.address=127.0.0.1:${httpsPort}`,
                "--providers.kubernetesgateway=true",
                `--providers.kubernetesgateway.endpoint=${api.url}`,
                `--providers.kubernetesgateway.token=${TOKEN}`,
                `--providers.kubernetesgateway.certauthfilepath=${api.certificate}`,
                "--global.checknewversion=false",
                "--global.sendanonymoususage=false",
            ],
            { stdio: ["ignore", "pipe", "pipe"] },
        );
        for (const stream of [controller.stdout, controller.stderr]) {
            stream?.on("data", (chunk: Buffer) => (log += chunk.toString()));
        }
    });

    after(() => {
        controller?.kill();
        server.close();
        api.remove();
    });

    /** What the controller answers to who asks for a host by HTTPS and trusts the given certificate alone. */
    function ask(host: string): Promise<{ readonly status: number | undefined; readonly body: string }> {
        return new Promise((resolve, reject) => {
            const asked = request(
                {
                    host: "127.0.0.1",
                    port: httpsPort,
                    servername: host,
                    headers: { Host: host },
                    ca: authority,
                    agent: false,
                },
                (response) => {
                    let body = "";
                    response.on("data", (chunk: Buffer) => (body += chunk.toString()));
                    response.on("end", () => {
                        resolve({ status: response.statusCode, body });
                    });
                },
            );
            asked.on("error", reject);
            asked.end();
        });
    }

    // Promise: gateway-api-beside-ingress
    it("HTTPRoutes lead each host to its server, with the given certificate", async () => {
        for (const host of Object.values(hosts)) {
            let last = "";
            await until(
                `${host} is served`,
                () =>
                    ask(host).then(
                        ({ status, body }) => status === 200 && body === host,
                        (error: unknown) => {
                            last = String(error);
                            return false;
                        },
                    ),
                60_000,
            ).catch((error: unknown) => assert.fail(`${String(error)}: ${last}\n${log}`));
        }
    });

    it("the controller accepts the HTTPRoutes and everything that they refer to", async () => {
        const { output } = await api.kubectl([
            "get",
            "httproutes",
            "--namespace",
            NAMESPACE,
            "--output",
            "json",
        ]);
        const { items } = JSON.parse(output) as {
            items: { status: { parents: { conditions: { type: string; status: string }[] }[] } }[];
        };
        assert.equal(items.length, 3);
        for (const { status } of items) {
            const conditions = status.parents.flatMap((parent) => parent.conditions);
            for (const type of ["Accepted", "ResolvedRefs"]) {
                assert.equal(conditions.find((condition) => condition.type === type)?.status, "True", type);
            }
        }
    });
});

/** A certificate for all hosts, which is its own authority. */
async function makeCertificate(directory: string): Promise<{ certificate: string; key: string }> {
    const [key, certificate] = [join(directory, "tls.key"), join(directory, "tls.crt")];
    const names = Object.values(hosts).map((host) => `DNS:${host}`);
    await succeed("openssl", [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
        ...["-days", "1", "-subj", "/CN=flts.test", "-keyout", key, "-out", certificate],
        ...["-addext", `subjectAltName=${names.join(",")}`],
    ]);
    return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
}
