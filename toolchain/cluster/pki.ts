import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./commands";
import { addresses, nodeName, type Layout } from "./layout";
import { systemTool } from "./tools";

/** Nothing renews these certificates: they last as long as a development cluster possibly may. */
const validityDays = 3650;

/** Authorities kept apart: a certificate of one must open no door of another. */
export const authorities = ["kubernetes", "etcd", "front-proxy"] as const;
export type Authority = (typeof authorities)[number];

export interface CertificateRequest {
    readonly authority: Authority;
    readonly commonName: string;
    /** Kubernetes' groups, for client certificates. */
    readonly organization?: string;
    readonly usage: "server" | "client" | "both";
    /** Host names and IPv4 addresses that a server certificate is good for. */
    readonly hosts?: readonly string[];
}

const nodeHosts = [addresses.node, "127.0.0.1", "localhost", nodeName] as const;

/** Every certificate of the cluster by file name; names and groups are those of Kubernetes' bootstrap policy. */
export const certificates = {
    "etcd-server": { authority: "etcd", commonName: "etcd", usage: "both", hosts: nodeHosts },
    "etcd-client": { authority: "etcd", commonName: "kube-apiserver", usage: "client" },
    apiserver: {
        authority: "kubernetes",
        commonName: "kube-apiserver",
        usage: "server",
        hosts: [
            ...nodeHosts,
            addresses.apiService,
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            `kubernetes.default.svc.${addresses.clusterDomain}`,
        ],
    },
    "component-server": {
        authority: "kubernetes",
        commonName: "kubernetes-component",
        usage: "server",
        hosts: nodeHosts,
    },
    "apiserver-kubelet-client": {
        authority: "kubernetes",
        commonName: "kube-apiserver-kubelet-client",
        organization: "system:masters",
        usage: "client",
    },
    "front-proxy-client": { authority: "front-proxy", commonName: "front-proxy-client", usage: "client" },
    admin: {
        authority: "kubernetes",
        commonName: "flts-admin",
        organization: "system:masters",
        usage: "client",
    },
    "controller-manager": {
        authority: "kubernetes",
        commonName: "system:kube-controller-manager",
        usage: "client",
    },
    scheduler: { authority: "kubernetes", commonName: "system:kube-scheduler", usage: "client" },
    proxy: { authority: "kubernetes", commonName: "system:kube-proxy", usage: "client" },
    kubelet: {
        authority: "kubernetes",
        commonName: `system:node:${nodeName}`,
        organization: "system:nodes",
        usage: "client",
    },
    "storage-provisioner": {
        authority: "kubernetes",
        commonName: "flts:storage-provisioner",
        usage: "client",
    },
    "network-policy-enforcer": {
        authority: "kubernetes",
        commonName: "flts:network-policy-enforcer",
        usage: "client",
    },
    "load-balancer": { authority: "kubernetes", commonName: "flts:load-balancer", usage: "client" },
} as const satisfies Record<string, CertificateRequest>;
export type CertificateName = keyof typeof certificates;

/** Name, without suffix, of the key pair that signs service account tokens. */
const serviceAccountKey = "service-account";

export interface KeyPair {
    readonly certificate: string;
    readonly key: string;
}

/** Files of a certificate and its private key. */
export function certificateFiles(layout: Layout, name: CertificateName): KeyPair {
    return { certificate: join(layout.pki, `${name}.crt`), key: join(layout.pki, `${name}.key`) };
}

/** Files of an authority's certificate and private key. */
export function authorityFiles(layout: Layout, name: Authority): KeyPair {
    return { certificate: join(layout.pki, `${name}-ca.crt`), key: join(layout.pki, `${name}-ca.key`) };
}

/** Files of the key pair for service account tokens: `certificate` is the public key. */
export function serviceAccountFiles(layout: Layout): KeyPair {
    return {
        certificate: join(layout.pki, `${serviceAccountKey}.pub`),
        key: join(layout.pki, `${serviceAccountKey}.key`),
    };
}

function configuration(subject: readonly string[], extensions: readonly string[]): string {
    return [
        "[req]",
        "prompt = no",
        "distinguished_name = subject",
        "x509_extensions = extensions",
        "[subject]",
        ...subject,
        "[extensions]",
        "subjectKeyIdentifier = hash",
        ...extensions,
        "",
    ].join("\n");
}

/** OpenSSL configuration (req(1), x509v3_config(5)) of an authority's self-signed certificate. */
export function authorityConfiguration(name: Authority): string {
    return configuration(
        [`CN = flts-${name}-ca`],
        [
            "basicConstraints = critical, CA:TRUE",
            "keyUsage = critical, keyCertSign, cRLSign, digitalSignature",
        ],
    );
}

/** OpenSSL configuration (req(1), x509v3_config(5)) of one certificate. */
export function certificateConfiguration(request: CertificateRequest): string {
    const usage = { server: "serverAuth", client: "clientAuth", both: "serverAuth, clientAuth" }[
        request.usage
    ];
    const hosts = request.hosts?.map((host) => `${/^[\d.]+$/.test(host) ? "IP" : "DNS"}:${host}`) ?? [];
    return configuration(
        [
            ...(request.organization === undefined ? [] : [`O = ${request.organization}`]),
            `CN = ${request.commonName}`,
        ],
        [
            "authorityKeyIdentifier = keyid",
            "basicConstraints = critical, CA:FALSE",
            "keyUsage = critical, digitalSignature",
            `extendedKeyUsage = ${usage}`,
            ...(hosts.length === 0 ? [] : [`subjectAltName = ${hosts.join(", ")}`]),
        ],
    );
}

async function issue(base: string, content: string, authority?: string): Promise<void> {
    writeFileSync(`${base}.cnf`, content);
    await run(systemTool("openssl"), [
        ...["req", "-x509", "-new", "-config", `${base}.cnf`, "-days", String(validityDays), "-noenc"],
        ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
        ...["-keyout", `${base}.key`, "-out", `${base}.crt`],
        ...(authority === undefined ? [] : ["-CA", `${authority}.crt`, "-CAkey", `${authority}.key`]),
    ]);
    rmSync(`${base}.cnf`);
}

/** Moves what a draft holds into `target`, a certificate after its key: it is there only when it can be used. */
function publish(draft: string, target: string): void {
    for (const name of readdirSync(draft).sort(
        (a, b) => Number(a.endsWith(".crt")) - Number(b.endsWith(".crt")),
    )) {
        renameSync(join(draft, name), join(target, name));
    }
    rmSync(draft, { recursive: true });
}

/**
 * Makes the certificates and keys that are not there yet: all of them for a new cluster, moved into place together, so
 * that an interrupted run leaves either none or all; for a cluster of an earlier version those that came since.
 */
export async function ensurePki(layout: Layout): Promise<void> {
    const draft = `${layout.pki}.draft`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { recursive: true, mode: 0o700 });
    const isNew = !existsSync(layout.pki);
    const authorityDirectory = isNew ? draft : layout.pki;
    if (isNew) {
        for (const name of authorities) {
            await issue(join(draft, `${name}-ca`), authorityConfiguration(name));
        }
        await makeServiceAccountKey(draft);
    }
    for (const [name, request] of Object.entries(certificates)) {
        if (isNew || !existsSync(certificateFiles(layout, name as CertificateName).certificate)) {
            const authority = join(authorityDirectory, `${request.authority}-ca`);
            await issue(join(draft, name), certificateConfiguration(request), authority);
        }
    }
    if (isNew) {
        renameSync(draft, layout.pki);
    } else {
        publish(draft, layout.pki);
    }
}

async function makeServiceAccountKey(directory: string): Promise<void> {
    const base = join(directory, serviceAccountKey);
    const openssl = systemTool("openssl");
    const bits = ["-pkeyopt", "rsa_keygen_bits:2048"];
    await run(openssl, ["genpkey", "-algorithm", "RSA", ...bits, "-out", `${base}.key`]);
    await run(openssl, ["pkey", "-in", `${base}.key`, "-pubout", "-out", `${base}.pub`]);
}
