import assert from "node:assert/strict";
import { createServer as createPlain, type AddressInfo, type Server } from "node:net";
import { createServer as createWeb } from "node:http";
import { createServer as createSecureWeb } from "node:https";
import { endpointFindings, endpointsOf } from "../../stacks/preflight/endpoints";
import type { Endpoint, ImageFacts } from "../../stacks/preflight/facts";
import { known } from "../../stacks/preflight/finding";
import { imageFindings, loginFor } from "../../stacks/preflight/images";
import { probe } from "../../stacks/preflight/probe";
import { readImages } from "../../stacks/preflight/registry";
import { certificateFor, type Certificate } from "../kafka/support/certificate";
import { settingsOf } from "../../stacks/settings/read";

const REGISTRY = "registry.example/flts";

/** What an answer of the registry gives in an update, or in a preview. */
function image(facts: ImageFacts, pullSecrets: readonly string[] = [], preview = false): string | undefined {
    const [finding] = imageFindings(facts, { registry: REGISTRY, pullSecrets, preview });
    return finding && `${finding.level}: ${finding.message}`;
}

async function listening<T>(server: Server, during: (port: number) => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
        return await during((server.address() as AddressInfo).port);
    } finally {
        server.close();
    }
}

function endpoint(port: number, protocol: Endpoint["protocol"] = "tls", hasTls = true): Endpoint {
    return { setting: "x", value: "y", host: "127.0.0.1", port, protocol, hasTls, fix: "z" };
}

describe("the images of a registry", () => {
    const cases: readonly (readonly [string, string | undefined, RegExp | undefined])[] = [
        ["that has them", image({ registry: "answers", absent: [] }), undefined],
        [
            "that lacks some",
            image({ registry: "answers", absent: ["registry.example/flts/a:1"] }),
            /^error: flts:imageRegistry = "registry\.example\/flts": the registry has no registry\.example\/flts\/a:1; .*make images TO=registry\.example\/flts/,
        ],
        [
            "that lacks some in a preview, as a change is pushed later",
            image({ registry: "answers", absent: ["registry.example/flts/a:1"] }, [], true),
            /^warning: /,
        ],
        [
            "that refuses the login",
            image({ registry: "refused", user: "jane" }, ["login"]),
            /^error: flts:cluster\.pullSecrets = "login": the registry registry\.example refuses the login of jane/,
        ],
        [
            "without a pull secret for it",
            image({ registry: "refused", user: undefined }, ["login"]),
            /^error: flts:cluster\.pullSecrets = "login": none has a login for registry\.example/,
        ],
        [
            "that asks for a login, which nodes may have",
            image({ registry: "refused", user: undefined }),
            /^warning: .*asks for a login; name one with flts:cluster\.pullSecrets/,
        ],
        [
            "that is not a registry",
            image({ registry: "unknown", reason: "getaddrinfo ENOTFOUND" }),
            /^error: flts:imageRegistry = "registry\.example\/flts": no registry answers at registry\.example \(getaddrinfo ENOTFOUND\); correct it/,
        ],
        ["without TLS", image({ registry: "plain" }), /^error: .*answers without TLS/],
        [
            "whose certificate is not trusted here",
            image({ registry: "untrusted", reason: "self-signed" }),
            /^unchecked: .*\/etc\/containers\/certs\.d\/registry\.example\/ca\.crt/,
        ],
        [
            "that cannot be reached",
            image({ registry: "unreachable", reason: "no answer" }),
            /^unchecked: .*no answer/,
        ],
    ];
    for (const [name, finding, expected] of cases) {
        it(`images are ${expected === undefined ? "accepted" : "reported"}: one ${name}`, () => {
            if (expected === undefined) {
                assert.equal(finding, undefined);
            } else {
                assert.match(finding ?? "", expected);
            }
        });
    }

    it("images are looked up with the login of the most specific entry", () => {
        const login = (username: string) => ({ username, password: "x" });
        const logins = {
            "https://registry.example": login("host"),
            "registry.example/flts": login("path"),
            "registry.example.org": login("other"),
        };
        const secrets = [known({ type: "kubernetes.io/dockerconfigjson", logins })];
        assert.equal(loginFor("registry.example/flts", secrets)?.username, "path");
        assert.equal(loginFor("registry.example/else", secrets)?.username, "host");
        assert.equal(loginFor("registry", secrets), undefined);
    });

    it("images are not looked up if no registry answers, or one without TLS", async () => {
        const server = createWeb((_request, response) => response.end());
        await listening(server, async (port) => {
            assert.deepEqual(await readImages(`127.0.0.1:${port}`, [], undefined), { registry: "plain" });
        });
        assert.equal((await readImages("127.0.0.1:1", [], undefined)).registry, "unreachable");
    });
});

/** A registry with one image, `flts/a:1`, for whoever signs in as jane; by a token where `tokens` says so. */
function registryServer(certificate: Certificate, tokens: boolean): Server {
    const basic = `Basic ${Buffer.from("jane:right").toString("base64")}`;
    return createSecureWeb({ cert: certificate.certificate, key: certificate.key }, (request, response) => {
        const { authorization, host = "" } = request.headers;
        const url = new URL(request.url ?? "/", `https://${host}`);
        if (url.pathname === "/token") {
            const scope = url.searchParams.get("scope");
            const given = authorization === basic && scope !== null;
            response.writeHead(given ? 200 : 401).end(JSON.stringify({ token: scope }));
            return;
        }
        const [, repository = "", reference = ""] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(url.pathname) ?? [];
        const expected = tokens ? `Bearer repository:${repository}:pull` : basic;
        if (authorization !== expected) {
            const challenge = tokens ? `Bearer realm="https://${host}/token",service="x"` : 'Basic realm="x"';
            response.writeHead(401, { "www-authenticate": challenge }).end();
            return;
        }
        response.writeHead(`${repository}:${reference}` === "flts/a:1" ? 200 : 404).end();
    });
}

describe("a registry over TLS", () => {
    let certificate: ReturnType<typeof certificateFor>;

    before(() => {
        certificate = certificateFor("127.0.0.1");
    });

    for (const tokens of [false, true]) {
        it(`a registry over TLS is asked for each image with the pull secret's login${tokens ? ", exchanged for a token" : ""}`, async () => {
            await listening(registryServer(certificate, tokens), async (port) => {
                const host = `127.0.0.1:${port}`;
                const images = [`${host}/flts/a:1`, `${host}/flts/a:2`, `${host}/flts/b:1`];
                const ask = (password?: string): Promise<ImageFacts> =>
                    readImages(
                        `${host}/flts`,
                        images,
                        password === undefined ? undefined : { username: "jane", password },
                        [certificate.authority],
                    );
                assert.deepEqual(await ask("right"), { registry: "answers", absent: images.slice(1) });
                assert.deepEqual(await ask("wrong"), { registry: "refused", user: "jane" });
                assert.deepEqual(await ask(), { registry: "refused", user: undefined });
            });
        });
    }

    it("a login is not sent to a registry whose certificate is not trusted", async () => {
        await listening(registryServer(certificate, false), async (port) => {
            const login = { username: "jane", password: "right" };
            assert.equal((await readImages(`127.0.0.1:${port}`, [], login)).registry, "untrusted");
        });
    });

    it("a server with TLS is recognized, whatever its certificate", async () => {
        await listening(registryServer(certificate, false), async (port) => {
            assert.equal((await probe(endpoint(port))).answer, "tls");
            const [finding] = endpointFindings([await probe(endpoint(port, "tls", false))]);
            assert.match(finding?.message ?? "", /^flts:x = "y": 127\.0\.0\.1:\d+ answers with TLS; z$/);
        });
    });
});

describe("TLS of external servers", () => {
    it("TLS of external servers is checked if the settings say that there is TLS, or that there is none", () => {
        const settings = settingsOf(
            {
                kafka: { external: { bootstrapServers: "a.example:9093,b.example:9093", protocol: "SSL" } },
                mlflow: { external: { trackingUri: "https://mlflow.example" } },
                objectStore: {
                    existingSecret: "store",
                    external: { endpoint: "http://store.example:9000" },
                    access: { mode: "direct", host: "store.example" },
                },
            },
            "test",
        );
        assert.deepEqual(
            endpointsOf(settings).map(
                ({ setting, host, port, hasTls }) => `${setting} ${host}:${port} ${String(hasTls)}`,
            ),
            [
                "kafka.external.bootstrapServers a.example:9093 true",
                "kafka.external.bootstrapServers b.example:9093 true",
                "objectStore.external.endpoint store.example:9000 false",
                "mlflow.external.trackingUri mlflow.example:443 true",
            ],
        );
    });

    it("missing TLS is reported at a web server, at a broker that closes, and at a database that refuses", async () => {
        const web = createWeb((_request, response) => response.end());
        const broker = createPlain((socket) => socket.once("data", () => socket.destroy()));
        const database = createPlain((socket) => socket.once("data", () => socket.end("N")));
        for (const [server, protocol] of [
            [web, "tls"],
            [broker, "tls"],
            [database, "postgres"],
        ] as const) {
            const facts = await listening(server, (port) => probe(endpoint(port, protocol)));
            assert.equal(facts.answer, "plain");
            const [finding] = endpointFindings([facts]);
            assert.equal(finding?.level, "error");
            assert.match(finding.message, /flts:x = "y": 127\.0\.0\.1:\d+ answers without TLS; z/);
            assert.deepEqual(
                endpointFindings([{ ...facts, endpoint: { ...facts.endpoint, hasTls: false } }]),
                [],
            );
        }
    });

    it("TLS is found at a server that has it, and at a database that accepts it", async () => {
        const database = createPlain((socket) => socket.once("data", () => socket.write("S")));
        const agreed = await listening(database, (port) => probe(endpoint(port, "postgres")));
        assert.deepEqual(endpointFindings([agreed]), []);
    });

    it("TLS is not checked if nothing answers", async () => {
        const facts = await probe(endpoint(1));
        assert.match(
            endpointFindings([facts])[0]?.message ?? "",
            /^not checked: TLS of flts:x.*ECONNREFUSED/,
        );
        assert.deepEqual(endpointFindings([await probe(endpoint(1, "tls", false))]), []);
    });
});
