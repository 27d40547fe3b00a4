import assert from "node:assert/strict";
import type { Recorded } from "../support/mocks";
import { ofType, one } from "../support/objects";
import { deployProgram, settings } from "../support/program";
import type { SettingsTree } from "../../stacks/settings/tree";

const ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute";
const GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:Gateway";

const hosts = { api: "api.example.com", mlflow: "mlflow.example.com", grafana: "grafana.example.com" };

interface RouteSpec {
    readonly parentRefs: readonly Record<string, string>[];
    readonly hostnames: readonly string[];
    readonly rules: readonly { readonly backendRefs: readonly { name: string; port: number }[] }[];
}

interface GatewaySpec {
    readonly gatewayClassName: string;
    readonly listeners: readonly {
        readonly name: string;
        readonly hostname?: string;
        readonly port: number;
        readonly protocol: string;
        readonly tls?: { readonly certificateRefs: readonly { readonly name: string }[] };
    }[];
}

function chosen(gateway: SettingsTree, more: SettingsTree = {}): SettingsTree {
    return { ingress: { enabled: true, kind: "Gateway", hosts, gateway, ...more } };
}

function routes(resources: readonly Recorded[]): readonly RouteSpec[] {
    const order = Object.values(hosts);
    const place = ({ hostnames: [host = ""] }: RouteSpec): number => order.indexOf(host);
    return ofType(resources, ROUTE)
        .map(({ inputs }) => inputs.spec as RouteSpec)
        .sort((one, other) => place(one) - place(other));
}

describe("routes at a Gateway", () => {
    // Promise: gateway-api-beside-ingress
    it("HTTPRoutes lead each host to its Service, MLflow's only to the login, without an Ingress", async () => {
        const { resources, outputs } = await deployProgram(
            settings(chosen({ name: "shared", namespace: "gateways", sectionName: "https" })),
        );
        assert.deepEqual(ofType(resources, "kubernetes:networking.k8s.io/v1:Ingress"), []);
        assert.deepEqual(ofType(resources, GATEWAY), []);
        assert.deepEqual(
            routes(resources).map(({ hostnames, rules, parentRefs }) => ({
                hostnames,
                backends: rules.flatMap(({ backendRefs }) => backendRefs),
                parentRefs,
            })),
            [
                ["api.example.com", "inference-lb", 80],
                ["mlflow.example.com", "mlflow-login", 80],
                ["grafana.example.com", "grafana", 3000],
            ].map(([host, name, port]) => ({
                hostnames: [host],
                backends: [{ name, port }],
                parentRefs: [{ name: "shared", namespace: "gateways", sectionName: "https" }],
            })),
        );
        assert.equal(outputs.ingress?.mlflow, "https://mlflow.example.com");
    });

    it("a setting says whether an existing Gateway serves HTTPS, which a login at a provider needs", async () => {
        const { outputs } = await deployProgram(settings(chosen({ name: "shared", https: false })));
        assert.equal(outputs.ingress?.api, "http://api.example.com");
        const login = { mode: "oidc", issuerUrl: "https://id.example", existingSecret: "client" };
        assert.throws(
            () => settings(chosen({ name: "shared", https: false }, { login })),
            /flts:ingress\.login\.mode/,
        );
        settings(chosen({ name: "shared" }, { login }));
    });

    // Promise: gateway-api-beside-ingress
    it("a Gateway of a class is declared with a listener and the certificate for each host", async () => {
        const gateway = { className: "traefik", httpPort: 8080, httpsPort: 8443 };
        const { resources } = await deployProgram(
            settings(chosen(gateway, { tls: { secretName: "given" } })),
        );
        const { gatewayClassName, listeners } = one(resources, GATEWAY, "ingress").inputs.spec as GatewaySpec;
        assert.equal(gatewayClassName, "traefik");
        assert.deepEqual(
            listeners.map(({ name, hostname, port, protocol, tls }) => [
                name,
                hostname,
                port,
                protocol,
                tls?.certificateRefs[0]?.name,
            ]),
            Object.entries(hosts).map(([name, host]) => [name, host, 8443, "HTTPS", "given"]),
        );
        // Not to the listener of another host, nor to one for plain HTTP.
        assert.deepEqual(
            routes(resources).flatMap(({ parentRefs }) => parentRefs),
            Object.keys(hosts).map((sectionName) => ({ name: "ingress", sectionName })),
        );
    });

    it("cert-manager creates the certificate, and answers its challenges at a listener for HTTP", async () => {
        const tls = { clusterIssuer: "letsencrypt" };
        const { resources } = await deployProgram(settings(chosen({ className: "traefik" }, { tls })));
        const { metadata, spec } = one(resources, GATEWAY, "ingress").inputs as {
            metadata: { annotations: Record<string, string> };
            spec: GatewaySpec;
        };
        assert.equal(metadata.annotations["cert-manager.io/cluster-issuer"], "letsencrypt");
        assert.equal(spec.listeners[0]?.tls?.certificateRefs[0]?.name, "flts-tls");
        assert.deepEqual(
            spec.listeners
                .filter(({ protocol }) => protocol === "HTTP")
                .map(({ name, port }) => [name, port]),
            [["challenges", 80]],
        );
        one(resources, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "http01-solver-from-ingress");
    });

    it("settings of an Ingress are refused with a Gateway, and the other way round", () => {
        const contradictions: readonly [SettingsTree, RegExp][] = [
            [{ kind: "Gateway" }, /ingress\.kind = "Gateway": needs flts:ingress\.gateway\.name.*className/],
            [
                { kind: "Gateway", gateway: { name: "a", className: "b" } },
                /gateway\.className = "b".*remove one/,
            ],
            [
                { kind: "Gateway", gateway: { className: "b", sectionName: "c" } },
                /gateway\.sectionName = "c"/,
            ],
            [{ kind: "Gateway", gateway: { name: "a" }, className: "nginx" }, /ingress\.className = "nginx"/],
            [
                { kind: "Gateway", gateway: { name: "a" }, tls: { secretName: "s" } },
                /ingress\.tls\.secretName = "s".*certificates of their own/,
            ],
            [{ gateway: { name: "a" } }, /gateway\.name = "a".*set flts:ingress\.kind to Gateway/],
            [{ kind: "Gateway", gateway: { name: "A" } }, /flts:ingress\.gateway\.name/],
        ];
        for (const [ingress, message] of contradictions) {
            assert.throws(() => settings({ ingress: { enabled: true, hosts, ...ingress } }), message);
        }
    });
});
