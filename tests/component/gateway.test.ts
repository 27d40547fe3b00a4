import assert from "node:assert/strict";
import type * as kubernetes from "@pulumi/kubernetes";
import { portOf } from "../../components/core/links";
import { GENERATED_SECRET, type Recorded } from "../support/mocks";
import { edgesOutside } from "../support/reachability";
import { ofType, one, workloads } from "../support/objects";
import { deployProgram, settings } from "../support/program";

type IngressSpec = kubernetes.types.output.networking.v1.IngressSpec;

function ingressOf(resources: readonly Recorded[]): {
    metadata: { annotations: Record<string, string> };
    spec: IngressSpec;
} {
    return one(resources, "kubernetes:networking.k8s.io/v1:Ingress", "ingress").inputs as never;
}

/** Variables of the login's container, with the Secret's key where one stands for the value. */
function loginVariables(resources: readonly Recorded[]): Record<string, string | undefined> {
    const login = workloads(resources).find(({ name }) => name === "mlflow-login");
    return Object.fromEntries(
        (login?.template.spec.containers[0]?.env ?? []).map(({ name, value, valueFrom }) => {
            const reference = valueFrom as typeof valueFrom | undefined;
            const key = reference && `${reference.secretKeyRef.name}/${reference.secretKeyRef.key}`;
            return [name, key ?? value];
        }),
    );
}

const everyHost = {
    enabled: true,
    hosts: { api: "api.example.com", mlflow: "mlflow.example.com", grafana: "grafana.example.com" },
};

const oidc = {
    ...everyHost,
    tls: { secretName: "given" },
    login: {
        mode: "oidc",
        issuerUrl: "https://id.example:8443/realm",
        existingSecret: "client",
        caSecret: "id-ca",
    },
};

describe("the Ingress", () => {
    it("declares no Ingress by default", async () => {
        const { resources, outputs } = await deployProgram(settings());
        assert.deepEqual(ofType(resources, "kubernetes:networking.k8s.io/v1:Ingress"), []);
        assert.deepEqual(
            resources.filter(({ name }) => name.startsWith("mlflow-login")),
            [],
        );
        assert.equal(outputs.ingress, undefined);
    });

    it("routes each host to its Service, and MLflow's host only to the login", async () => {
        const { resources, outputs } = await deployProgram(
            settings({ ingress: { ...everyHost, className: "traefik" } }),
        );
        const { spec } = ingressOf(resources);
        assert.equal(spec.ingressClassName, "traefik");
        assert.deepEqual(
            spec.rules.map(({ host, http }) => {
                const { service } = http.paths[0]?.backend ?? assert.fail(host);
                return `${host} -> ${service.name}:${String(service.port.number)}`;
            }),
            [
                "api.example.com -> inference-lb:80",
                "mlflow.example.com -> mlflow-login:80",
                "grafana.example.com -> grafana:3000",
            ],
        );
        assert.deepEqual(outputs.ingress, {
            api: "http://api.example.com",
            mlflow: "http://mlflow.example.com",
            grafana: "http://grafana.example.com",
        });
    });

    it("identifies the source of a request only if nothing else reaches the load balancer", async () => {
        const proxied = async (loadBalancer: object): Promise<string | undefined> => {
            const { resources } = await deployProgram(settings({ ingress: everyHost, loadBalancer }));
            const { inputs } = one(resources, "kubernetes:core/v1:ConfigMap", "inference-lb");
            const config = (inputs as { data: Record<string, string> }).data["haproxy.cfg"] ?? "";
            return /^ +acl proxied src (.*)$/m.exec(config)?.[1];
        };
        assert.equal(await proxied({}), "0.0.0.0/0 ::/0");
        assert.equal(await proxied({ service: { type: "LoadBalancer" } }), undefined);
        const named = { service: { type: "LoadBalancer" }, trustedProxies: ["10.1.0.0/16"] };
        assert.equal(await proxied(named), "10.1.0.0/16");
    });

    it("takes a given certificate for all hosts", async () => {
        const { resources, outputs } = await deployProgram(
            settings({ ingress: { ...everyHost, tls: { secretName: "given" } } }),
        );
        const { spec, metadata } = ingressOf(resources);
        assert.deepEqual(spec.tls, [
            { hosts: ["api.example.com", "mlflow.example.com", "grafana.example.com"], secretName: "given" },
        ]);
        assert.ok(!("cert-manager.io/cluster-issuer" in metadata.annotations));
        assert.equal(outputs.ingress?.api, "https://api.example.com");
    });

    it("asks cert-manager for a certificate when an issuer is named", async () => {
        const { resources } = await deployProgram(
            settings({ ingress: { ...everyHost, tls: { clusterIssuer: "letsencrypt" } } }),
        );
        const { spec, metadata } = ingressOf(resources);
        assert.equal(metadata.annotations["cert-manager.io/cluster-issuer"], "letsencrypt");
        assert.equal(spec.tls[0]?.secretName, "flts-tls");
    });

    it("allows pages of its host to change things in MLflow", async () => {
        const { resources } = await deployProgram(
            settings({ ingress: { enabled: true, hosts: { mlflow: "runs.example.org" } } }),
        );
        const mlflow = workloads(resources).find(({ name }) => name === "mlflow")?.template.spec
            .containers[0];
        const origins = mlflow?.env.find(({ name }) => name === "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS")?.value;
        assert.ok(origins?.split(",").includes("https://runs.example.org"), origins);
        assert.match(mlflow?.command.at(-1) ?? "", /(^|,)runs\.example\.org(,|$)/);
    });
});

describe("the login before MLflow", () => {
    it("requires a generated password, which is only in a Secret", async () => {
        const { resources, outputs } = await deployProgram(settings({ ingress: everyHost }));
        const variables = loginVariables(resources);
        assert.equal(variables.LOGIN_USER, "mlflow-login/username");
        assert.equal(variables.LOGIN_PASSWORD, "mlflow-login/password");
        assert.equal(outputs.secrets.mlflowLogin, "mlflow-login");
        const holders = resources.filter(({ inputs }) =>
            JSON.stringify(inputs).includes(`${GENERATED_SECRET}mlflow-login`),
        );
        assert.deepEqual(
            holders.map(({ type }) => type),
            ["kubernetes:core/v1:Secret"],
        );
    });

    it("uses a given password", async () => {
        const { resources, outputs } = await deployProgram(
            settings({ ingress: { ...everyHost, login: { existingSecret: "people" } } }),
        );
        assert.equal(loginVariables(resources).LOGIN_PASSWORD, "people/password");
        assert.equal(outputs.secrets.mlflowLogin, "people");
        assert.ok(!resources.some(({ type, name }) => type.endsWith(":Secret") && name === "mlflow-login"));
    });

    it("redirects users to an OpenID Connect provider, with the client's secret from the given Secret", async () => {
        const { resources, outputs } = await deployProgram(settings({ ingress: oidc }));
        const variables = loginVariables(resources);
        assert.equal(variables.OAUTH2_PROXY_OIDC_ISSUER_URL, "https://id.example:8443/realm");
        assert.equal(variables.OAUTH2_PROXY_CLIENT_SECRET, "client/clientSecret");
        assert.equal(variables.OAUTH2_PROXY_PROVIDER_CA_FILES, "/etc/flts-secrets/id-ca/ca.crt");
        assert.equal(variables.OAUTH2_PROXY_WHITELIST_DOMAINS, "id.example:8443");
        assert.equal(variables.OAUTH2_PROXY_COOKIE_SECRET, "mlflow-login/cookieSecret");
        assert.equal(variables.OAUTH2_PROXY_UPSTREAMS, "http://127.0.0.1:8081");
        assert.equal(variables.OAUTH2_PROXY_REDIRECT_URL, "https://mlflow.example.com/oauth2/callback");
        assert.equal(outputs.secrets.mlflowLogin, undefined);
    });

    it("authenticates admitted users to MLflow through HAProxy in the same pod, which no other pod reaches", async () => {
        const { resources } = await deployProgram(settings({ ingress: oidc }));
        const { template } =
            workloads(resources).find(({ name }) => name === "mlflow-login") ?? assert.fail("no login");
        const sidecar = template.spec.initContainers.find(({ name }) => name === "haproxy");
        assert.equal(sidecar?.restartPolicy, "Always");
        assert.deepEqual(
            sidecar.ports.map(({ name }) => name),
            ["health"],
        );
        const { secretKeyRef } =
            sidecar.env.find(({ name }) => name === "MLFLOW_AUTHORIZATION")?.valueFrom ?? {};
        assert.deepEqual(secretKeyRef, { name: "mlflow-admin", key: "authorization" });
    });

    it("the login may connect to the provider, and to nothing else outside", async () => {
        const { resources } = await deployProgram(settings({ ingress: oidc }));
        const login = edgesOutside(resources).filter((edge) => edge.startsWith("mlflow-login "));
        assert.deepEqual(login, ["mlflow-login -> outside:8443"]);
    });

    it("uses the scheme's port for an address without a port", () => {
        assert.equal(portOf("https://id.example/realm"), 443);
        assert.equal(portOf("http://id.example"), 80);
    });
});
