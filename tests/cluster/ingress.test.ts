import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubectl, kubectlGet, succeed } from "../support/commands";
import { EngineStack } from "../support/engine";
import { eventually } from "../support/processing";
import { installTraefik, removeTraefik, TRAEFIK, TRAEFIK_PORTS } from "../support/traefik";
import { deployStack } from "../support/stack";

const namespace = "flts";
const hosts = { api: "api.flts.test", mlflow: "mlflow.flts.test" } as const;
const certificateSecret = "ingress-test-tls";

interface Answer {
    readonly status: number;
    readonly headers: IncomingHttpHeaders;
    readonly body: string;
}

interface Question {
    readonly path: string;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    /** Certificate that the server must show; plain HTTP without one. */
    readonly authority?: string;
}

/** Asks the controller as a client does whose name server leads `host` to it. */
function ask(host: string, { path, method, headers, body, authority }: Question): Promise<Answer> {
    const options = {
        host: "127.0.0.1",
        port: authority === undefined ? TRAEFIK_PORTS.http : TRAEFIK_PORTS.https,
        path,
        method: method ?? "GET",
        headers: { Host: host, ...headers },
        timeout: 30_000,
    };
    return new Promise((resolve, reject) => {
        const request =
            authority === undefined
                ? httpRequest(options)
                : httpsRequest({ ...options, servername: host, ca: authority });
        request.on("error", reject);
        request.on("timeout", () => request.destroy(new Error(`${host}${path}: no answer within 30 s`)));
        request.on("response", (response) => {
            let text = "";
            response.on("data", (chunk: Buffer) => (text += chunk.toString()));
            response.on("end", () => {
                resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
            });
        });
        request.end(body);
    });
}

/** A certificate for the hosts, as a Secret of the stack's namespace. Returns it, to be trusted. */
async function certificate(): Promise<string> {
    const directory = mkdtempSync(join(tmpdir(), "flts-ingress-"));
    const [key, chain] = [join(directory, "tls.key"), join(directory, "tls.crt")];
    try {
        await succeed("openssl", [
            ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
            ...["-days", "1", "-subj", "/CN=flts.test", "-keyout", key, "-out", chain],
            ...[
                "-addext",
                `subjectAltName=${Object.values(hosts)
                    .map((host) => `DNS:${host}`)
                    .join(",")}`,
            ],
        ]);
        await kubectl("delete", "secret", certificateSecret, "--namespace", namespace, "--ignore-not-found");
        await kubectl(
            ...["create", "secret", "tls", certificateSecret, "--namespace", namespace],
            ...[`--key=${key}`, `--cert=${chain}`],
        );
        return readFileSync(chain, "utf8");
    } finally {
        rmSync(directory, { recursive: true });
    }
}

describe("the Ingress, through a real controller", function () {
    this.timeout(15 * 60_000);

    const stack = new EngineStack();
    let authority: string;
    let credentials: Record<string, string>;

    before(async () => {
        await deployStack();
        await installTraefik();
        authority = await certificate();
        await stack.settings({
            "flts:ingress": {
                enabled: true,
                className: TRAEFIK,
                controllerNamespace: TRAEFIK,
                hosts,
                tls: { secretName: certificateSecret },
            },
            // A node port would lead around the login.
            "flts:mlflow": { service: { type: "ClusterIP", nodePort: "" } },
        });
        const changed = await stack.pulumi(["up", "--yes", "--skip-preview"]);
        assert.equal(changed.code, 0, changed.everything);
        const { data } = await kubectlGet<{ data: Record<string, string> }>(
            ...["secret", "mlflow-login", "--namespace", namespace],
        );
        credentials = Object.fromEntries(
            Object.entries(data).map(([name, value]) => [name, Buffer.from(value, "base64").toString()]),
        );
        await eventually("the controller knows the hosts", 60, async () =>
            (await ask(hosts.api, { path: "/healthz", authority }).catch(() => undefined))?.status === 200
                ? true
                : undefined,
        );
    });

    after(async () => {
        // The suites that follow find the stack as `make up` leaves it.
        await stack.settings();
        const back = await stack.pulumi(["up", "--yes", "--skip-preview"]);
        await kubectl("delete", "secret", certificateSecret, "--namespace", namespace, "--ignore-not-found");
        await removeTraefik();
        assert.equal(back.code, 0, back.everything);
    });

    const login = (password = credentials.password ?? ""): Record<string, string> => ({
        Authorization: `Basic ${Buffer.from(`${credentials.username ?? ""}:${password}`).toString("base64")}`,
    });

    // Promise: ingress-hosts-class-tls, tls-at-ingress
    it("routes the API's host to the forecast API, by HTTPS with the given certificate and by HTTP", async () => {
        for (const trusted of [authority, undefined]) {
            const answer = await ask(hosts.api, {
                path: "/healthz",
                ...(trusted === undefined ? {} : { authority: trusted }),
            });
            assert.equal(answer.status, 200);
            assert.equal((JSON.parse(answer.body) as { service: string }).service, "inference-api");
        }
    });

    it("passes on a request's body, and the API's own error response", async () => {
        const answer = await ask(hosts.api, {
            path: "/predict",
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: '{"data": {}}',
            authority,
        });
        assert.equal(answer.status, 400, answer.body);
    });

    it("serves no other host", async () => {
        assert.equal((await ask("other.flts.test", { path: "/healthz" })).status, 404);
    });

    // Promise: ingress-hosts-class-tls
    it("admits nobody to MLflow without the password", async () => {
        for (const headers of [{}, login("guessed")]) {
            const answer = await ask(hosts.mlflow, { path: "/", headers, authority });
            assert.equal(answer.status, 401);
            assert.match(answer.headers["www-authenticate"] ?? "", /^Basic /);
        }
    });

    it("admits users with the password, to read and, from a page of the host, to change", async () => {
        const page = await ask(hosts.mlflow, { path: "/", headers: login(), authority });
        assert.equal(page.status, 200);
        assert.match(page.body, /mlflow/i);
        const change = {
            path: "/api/2.0/mlflow/experiments/set-experiment-tag",
            method: "POST",
            body: '{"experiment_id": "0", "key": "ingress", "value": "test"}',
            authority,
        };
        const from = (origin: string): Promise<Answer> =>
            ask(hosts.mlflow, {
                ...change,
                headers: { ...login(), Origin: origin, "Content-Type": "application/json" },
            });
        const own = await from(`https://${hosts.mlflow}`);
        assert.equal(own.status, 200, own.body);
        assert.equal((await from("https://elsewhere.test")).status, 403);
    });

    it("denies pods without a link access to the login", async () => {
        const program = "import urllib.request; urllib.request.urlopen('http://mlflow-login/', timeout=5)";
        const said = await kubectl(
            ...["exec", "--namespace", namespace, "deployment/preprocess", "--", "python", "-c", program],
        ).catch((error: unknown) => String(error));
        assert.match(said, /timed out|Connection refused/);
    });
});
