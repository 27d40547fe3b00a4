import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import pWaitFor from "p-wait-for";
import { Images } from "../../components/core/pod/images";
import { openIdLoginContainer } from "../../components/gateway/openIdLogin";
import { ADMITTED_PORT, admittedConfig } from "../../components/gateway/passwordLogin";
import { toolPath } from "../../toolchain/tools/paths";
import { certificateFor } from "../kafka/support/certificate";
import { startBrowser } from "../support/browser";
import { killWithDescendants } from "../support/descendants";
import { haproxyProgram, withHaproxy } from "./support/haproxy";
import { installPythonPackages, startMlflow } from "./support/mlflow";
import { CLIENT, OpenIdProvider } from "./support/openIdProvider";
import { listen, tlsBefore } from "./support/tls";
import { freePort } from "../support/freePort";

const PASSWORD = "password-of-admin";

describe("a login at an OpenID Connect provider", function () {
    this.timeout(300_000);
    withHaproxy();

    const directory = mkdtempSync(join(tmpdir(), "flts-openid-"));
    const certificate = certificateFor("127.0.0.1");
    /** What ends each server that runs. */
    const ends: (() => unknown)[] = [];
    let browser: Browser;
    let provider: OpenIdProvider;
    /** Where people find MLflow. */
    let url: string;

    /** A file of a Secret, as pods find it. */
    function place(name: string, text: string): string {
        const path = join(directory, name);
        writeFileSync(path, text);
        return path;
    }

    /** HAProxy as the sidecar that logs in to MLflow; the port on which it takes what the other container lets in. */
    async function startSidecar(mlflowPort: number): Promise<number> {
        const [port, health] = [await freePort(), await freePort()];
        const config = admittedConfig(`127.0.0.1:${mlflowPort}`)
            .replace(`:${ADMITTED_PORT}`, `:${port}`)
            .replace("bind :8404", `bind 127.0.0.1:${health}`);
        const authorization = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString("base64")}`;
        const log: string[] = [];
        const sidecar = spawn(haproxyProgram(), ["-db", "-f", place("haproxy.cfg", config)], {
            env: { MLFLOW_AUTHORIZATION: authorization },
            stdio: ["ignore", "ignore", "pipe"],
        });
        sidecar.stderr.on("data", (chunk: Buffer) => log.push(chunk.toString()));
        ends.push(() => sidecar.kill());
        await answers("HAProxy", `http://127.0.0.1:${health}/healthz`, () => log.join(""));
        return port;
    }

    /** oauth2-proxy with the environment that its container has; ports and files alone are this machine's. */
    async function startProxy(host: string, sidecarPort: number): Promise<number> {
        const port = await freePort();
        const { environment = [], command } = openIdLoginContainer({
            images: new Images({ registry: undefined, tags: new Map() }),
            login: {
                mode: "oidc",
                issuerUrl: provider.issuer,
                clientSecretName: "client",
                caSecretName: "authority",
                emailDomain: "example.com",
            },
            host,
            upstream: `http://127.0.0.1:${sidecarPort}`,
            cookieSecretName: "login",
            resources: { requests: { cpu: "25m", memory: "64Mi" }, limits: { cpu: "1", memory: "128Mi" } },
        });
        assert.deepEqual(command, ["/bin/oauth2-proxy"]);
        const values: Readonly<Record<string, string>> = {
            "client/clientId": CLIENT.id,
            "client/clientSecret": CLIENT.secret,
            "login/cookieSecret": "0123456789abcdefghijABCDEFGHIJ01",
            "/etc/flts-secrets/authority/ca.crt": place("ca.crt", certificate.authority),
        };
        const variables = environment.map(({ name, value, valueFrom }): [string, string | undefined] => {
            const given = value as string | undefined;
            const { secretKeyRef } =
                (valueFrom as { secretKeyRef: { name: string; key: string } } | undefined) ?? {};
            const key = secretKeyRef ? `${secretKeyRef.name}/${secretKeyRef.key}` : given;
            return [name as string, values[key ?? ""] ?? given];
        });
        const log: string[] = [];
        const proxy = spawn(toolPath("oauth2-proxy"), [], {
            env: { ...Object.fromEntries(variables), OAUTH2_PROXY_HTTP_ADDRESS: `127.0.0.1:${port}` },
            stdio: ["ignore", "pipe", "pipe"],
        });
        for (const stream of [proxy.stdout, proxy.stderr]) {
            stream.on("data", (chunk: Buffer) => log.push(chunk.toString()));
        }
        ends.push(() => proxy.kill());
        await answers("oauth2-proxy", `http://127.0.0.1:${port}/ready`, () => log.join(""));
        return port;
    }

    async function answers(name: string, address: string, log = (): string => ""): Promise<void> {
        await pWaitFor(
            () =>
                fetch(address).then(
                    ({ ok }) => ok,
                    () => false,
                ),
            {
                interval: 200,
                timeout: { milliseconds: 120_000, message: new Error(`${name} does not answer\n${log()}`) },
            },
        );
    }

    before(async () => {
        installPythonPackages();
        const mlflowPort = await freePort();
        const entrancePort = await freePort();
        const host = `localhost:${entrancePort}`;
        const mlflow = startMlflow(directory, mlflowPort, PASSWORD, [host, `127.0.0.1:${mlflowPort}`]);
        ends.push(() => {
            // It waits for its requests before it stops.
            killWithDescendants(mlflow);
        });
        provider = await OpenIdProvider.start(certificate, `https://${host}/oauth2/callback`);
        ends.push(() => {
            provider.close();
        });
        const proxyPort = await startProxy(host, await startSidecar(mlflowPort));
        const entrance = tlsBefore(proxyPort, certificate);
        ends.push(() => entrance.close());
        await listen(entrance, entrancePort);
        url = `https://${host}`;
        browser = await startBrowser();
        ends.push(() => browser.close());
        await answers("MLflow", `http://127.0.0.1:${mlflowPort}/health`);
    });

    after(async () => {
        for (const end of ends.reverse()) {
            await end();
        }
        rmSync(directory, { recursive: true, force: true });
    });

    /** A person with a browser of their own; the certificate is none that it knows. */
    async function person(): Promise<Page> {
        const context = await browser.newContext({ ignoreHTTPSErrors: true });
        return context.newPage();
    }

    /** Opens MLflow, and logs in at the provider that the browser is sent to. */
    async function logIn(page: Page, address: string): Promise<number | undefined> {
        await page.goto(url);
        assert.equal(new URL(page.url()).origin, provider.issuer);
        await page.fill("input[name=login]", address);
        await page.fill("input[name=password]", "any");
        await page.click("button[type=submit]");
        // The provider asks whether MLflow's login may know the address.
        await page.waitForSelector("input[name=prompt][value=consent]", { state: "attached" });
        const returned = page.waitForResponse((response) =>
            response.url().startsWith(`${url}/oauth2/callback`),
        );
        await page.click("button[type=submit]");
        return (await returned).status();
    }

    // Promise: openid-login
    it("admits users of the domain to MLflow, as its administrator", async () => {
        const page = await person();
        await logIn(page, "ada@example.com");
        await page.waitForFunction("document.title.includes('MLflow')");
        assert.equal(new URL(page.url()).origin, url);
        const answer = await page.request.get(`${url}/api/2.0/mlflow/users/current`);
        assert.equal(answer.status(), 200);
        assert.equal(((await answer.json()) as { user: { username: string } }).user.username, "admin");
        await page.context().close();
    });

    // Promise: openid-login
    it("refuses users of other domains, and addresses that the provider has not verified", async () => {
        for (const address of [
            "eve@elsewhere.example",
            "eve@example.com.elsewhere.example",
            "unverified@example.com",
        ]) {
            const page = await person();
            assert.equal(await logIn(page, address), 403, address);
            // The provider still knows who it is, and MLflow still refuses.
            assert.equal((await page.goto(url))?.status(), 403, address);
            await page.context().close();
        }
    });

    it("serves no page and no API to clients without a login", async () => {
        const page = await person();
        for (const path of [
            "/",
            "/health",
            "/static-files/index.html",
            "/api/2.0/mlflow/experiments/search",
        ]) {
            const answer = await page.request.get(`${url}${path}`, {
                maxRedirects: 0,
                headers: { Authorization: `Basic ${Buffer.from(`admin:${PASSWORD}`).toString("base64")}` },
            });
            assert.equal(answer.status(), 302, path);
            assert.ok(answer.headers().location?.startsWith(`${provider.issuer}/`), path);
        }
        await page.context().close();
    });

    it("the documented address logs a user out of MLflow and the provider", async () => {
        const page = await person();
        await logIn(page, "grace@example.com");
        await page.waitForFunction("document.title.includes('MLflow')");
        await page.goto(
            `${url}/oauth2/sign_out?rd=${encodeURIComponent(`${provider.issuer}/session/end?client_id=${CLIENT.id}`)}`,
        );
        assert.equal(new URL(page.url()).origin, provider.issuer);
        await page.click("button[name=logout]");
        await page.waitForLoadState();
        await page.goto(url);
        assert.equal(new URL(page.url()).origin, provider.issuer);
        await page.waitForSelector("input[name=login]");
        await page.context().close();
    });

    it("redirects to no other site after a logout", async () => {
        const page = await person();
        const answer = await page.request.get(`${url}/oauth2/sign_out?rd=https://elsewhere.example/`, {
            maxRedirects: 0,
        });
        assert.equal(answer.headers().location, "/");
        await page.context().close();
    });
});
