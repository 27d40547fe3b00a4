import { Resolver } from "node:dns/promises";
import { existsSync, readFileSync } from "node:fs";
import { get as getHttp } from "node:http";
import { get as getHttps, type RequestOptions } from "node:https";
import { apiServerUrl } from "./kubeconfig";
import { addresses, type Layout } from "./layout";
import { authorityFiles, certificateFiles, type Authority, type CertificateName } from "./pki";

/** A probe that takes longer counts as failed, in milliseconds. */
const probeTimeout = 2000;

interface Answer {
    readonly status: number;
    readonly body: string;
}

async function get(url: string, options: RequestOptions = {}): Promise<Answer> {
    return await new Promise((resolve, reject) => {
        const request = (url.startsWith("https:") ? getHttps : getHttp)(
            url,
            { agent: false, timeout: probeTimeout, ...options },
            (response) => {
                const chunks: Buffer[] = [];
                response.on("data", (chunk: Buffer) => chunks.push(chunk));
                response.on("error", reject);
                response.on("end", () => {
                    resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
                });
            },
        );
        request.on("timeout", () => request.destroy(new Error("no answer in time")));
        request.on("error", reject);
    });
}

/** True if `url` answers 200. With `tls`, the server must hold a certificate of that authority. */
export async function answers(
    url: string,
    tls?: { readonly layout: Layout; readonly authority: Authority; readonly client: CertificateName },
): Promise<boolean> {
    try {
        return (await get(url, tls && tlsOptions(tls.layout, tls.authority, tls.client))).status === 200;
    } catch {
        return false;
    }
}

function tlsOptions(layout: Layout, authority: Authority, client: CertificateName): RequestOptions {
    const { certificate, key } = certificateFiles(layout, client);
    return {
        ca: readFileSync(authorityFiles(layout, authority).certificate),
        cert: readFileSync(certificate),
        key: readFileSync(key),
    };
}

/** The object that the API server has at `path`, or undefined if it has none or does not answer. */
export async function readObject(layout: Layout, path: string): Promise<unknown> {
    if (!existsSync(layout.pki)) {
        return undefined;
    }
    try {
        const answer = await get(`${apiServerUrl}${path}`, tlsOptions(layout, "kubernetes", "admin"));
        return answer.status === 200 ? (JSON.parse(answer.body) as unknown) : undefined;
    } catch {
        return undefined;
    }
}

/** True if the cluster's DNS, asked over its Service address, knows the API server's Service. */
export async function dnsAnswers(): Promise<boolean> {
    const resolver = new Resolver({ timeout: 1000, tries: 1 });
    resolver.setServers([addresses.dnsService]);
    try {
        const found = await resolver.resolve4(`kubernetes.default.svc.${addresses.clusterDomain}`);
        return found.includes(addresses.apiService);
    } catch {
        return false;
    }
}
