import { existsSync, readFileSync } from "node:fs";
import { request } from "node:https";
import { rootCertificates } from "node:tls";
import type { ImageFacts } from "./facts";
import { hostOf, type Login } from "./images";

/** Milliseconds in which a registry must answer. */
const PATIENCE = 5000;

const MANIFESTS = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** Where container engines keep the authorities of single registries. */
const AUTHORITIES = ["/etc/containers/certs.d", "/etc/docker/certs.d"];

/** A host of a cluster or of this machine is another one, or none, for whoever runs the program. */
const ELSEWHERE = /^(localhost|127\.|\[::1\])|\.(svc|local|internal)(:|$)|\.svc\./;

interface Answer {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly body: string;
}

/**
 * Asks a registry for these images, as the kubelet would.
 *
 * @param authorities that its certificate may be signed by, in PEM; undefined for those that Node.js trusts. Default: those
 *   that container engines on this machine have for it.
 *
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export async function readImages(
    registry: string,
    images: readonly string[],
    login: Login | undefined,
    authorities = authoritiesOf(hostOf(registry)),
): Promise<ImageFacts> {
    const host = hostOf(registry);
    try {
        const base = await ask(`https://${host}/v2/`, {}, authorities);
        if (base.status !== 200 && base.status !== 401) {
            return { registry: "unknown", reason: `/v2/ is answered with ${base.status}` };
        }
        const challenge = headerOf(base, "www-authenticate");
        const answers = await Promise.all(
            images.map(async (image) => {
                const { repository, reference } = partsOf(image, host);
                const headers = await authorization(challenge, repository, login, authorities);
                const url = `https://${host}/v2/${repository}/manifests/${reference}`;
                const { status } = await ask(url, { accept: MANIFESTS, ...headers }, authorities, "HEAD");
                return { image, status };
            }),
        );
        if (answers.some(({ status }) => status === 401 || status === 403)) {
            return { registry: "refused", user: login?.username };
        }
        const strange = answers.find(({ status }) => status !== 200 && status !== 404);
        return strange === undefined
            ? {
                  registry: "answers",
                  absent: answers.filter(({ status }) => status === 404).map(({ image }) => image),
              }
            : { registry: "unreachable", reason: `${strange.image} is answered with ${strange.status}` };
    } catch (failure) {
        return failureOf(failure, host);
    }
}

function partsOf(image: string, host: string): { readonly repository: string; readonly reference: string } {
    const path = image.slice(host.length + 1);
    const [name = "", digest] = path.split("@");
    const colon = name.lastIndexOf(":");
    const [repository, tag] = colon < 0 ? [name, "latest"] : [name.slice(0, colon), name.slice(colon + 1)];
    return { repository, reference: digest ?? tag };
}

function authoritiesOf(host: string): readonly string[] | undefined {
    const file = AUTHORITIES.map((directory) => `${directory}/${host}/ca.crt`).find(existsSync);
    return file === undefined ? undefined : [...rootCertificates, readFileSync(file, "utf8")];
}

function headerOf({ headers }: Answer, name: string): string {
    const value = headers[name];
    return (Array.isArray(value) ? value.join(", ") : value) ?? "";
}

/** Header for a repository, as the registry's challenge asks for it: https://distribution.github.io/distribution/spec/auth/token/ */
async function authorization(
    challenge: string,
    repository: string,
    login: Login | undefined,
    authorities: readonly string[] | undefined,
): Promise<{ readonly authorization?: string }> {
    const basic =
        login === undefined
            ? {}
            : {
                  authorization: `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`,
              };
    const parameters = Object.fromEntries(
        [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]),
    );
    const { realm, service } = parameters;
    if (!/^bearer /i.test(challenge) || realm === undefined) {
        return basic;
    }
    const url = new URL(realm);
    url.searchParams.set("scope", `repository:${repository}:pull`);
    if (service !== undefined) {
        url.searchParams.set("service", service);
    }
    // A login goes to nobody in the clear.
    const { status, body } =
        url.protocol === "https:" ? await ask(url.href, basic, authorities) : { status: 0, body: "" };
    if (status !== 200) {
        return {};
    }
    const { token, access_token: access } = JSON.parse(body) as Record<string, string | undefined>;
    return { authorization: `Bearer ${token ?? access ?? ""}` };
}

function ask(
    url: string,
    headers: Readonly<Record<string, string>>,
    authorities: readonly string[] | undefined,
    method = "GET",
): Promise<Answer> {
    return new Promise((resolve, reject) => {
        const asked = request(
            url,
            {
                method,
                headers,
                agent: false,
                signal: AbortSignal.timeout(PATIENCE),
                ...(authorities === undefined ? {} : { ca: [...authorities] }),
            },
            (answer) => {
                const parts: Buffer[] = [];
                answer.on("data", (part: Buffer) => parts.push(part));
                answer.on("error", reject);
                answer.on("end", () => {
                    resolve({
                        status: answer.statusCode ?? 0,
                        headers: answer.headers,
                        body: Buffer.concat(parts).toString(),
                    });
                });
            },
        );
        asked.on("error", reject);
        asked.end();
    });
}

/** Codes of a certificate that no node would accept either, whatever authorities it trusts. */
const WRONG_CERTIFICATE = ["ERR_TLS_CERT_ALTNAME_INVALID", "CERT_HAS_EXPIRED"];

function failureOf(failure: unknown, host: string): ImageFacts {
    const { code = "", message } = failure as NodeJS.ErrnoException;
    if (/WRONG_VERSION|PACKET_LENGTH|EPROTO/.test(code)) {
        return { registry: "plain" };
    }
    if (WRONG_CERTIFICATE.includes(code)) {
        return { registry: "unknown", reason: message };
    }
    if (/CERT|ISSUER|LEAF_SIGNATURE/.test(code)) {
        return { registry: "untrusted", reason: message };
    }
    return ["ENOTFOUND", "ECONNREFUSED"].includes(code) && !ELSEWHERE.test(host)
        ? { registry: "unknown", reason: message }
        : { registry: "unreachable", reason: message };
}
