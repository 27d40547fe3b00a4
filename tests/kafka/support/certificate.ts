import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** In PEM. */
export interface Certificate {
    readonly certificate: string;
    readonly key: string;
}

/** A server's certificate for an IPv4 address and names, with the authority that signed it, both of a day. */
export function certificateFor(
    address: string,
    names: readonly string[] = [],
): Certificate & { readonly authority: string } {
    const directory = mkdtempSync(join(tmpdir(), "flts-certificate-"));
    const at = (name: string): string => join(directory, name);
    const openssl = (...args: string[]): void => {
        const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
        if (status !== 0) {
            throw new Error(`openssl ${args.join(" ")}:\n${stderr}`);
        }
    };
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "1"];
    try {
        openssl(
            "req",
            "-x509",
            ...key,
            "-subj",
            "/CN=authority",
            "-keyout",
            at("ca.key"),
            "-out",
            at("ca.crt"),
        );
        const subjects = [`IP:${address}`, ...names.map((name) => `DNS:${name}`)].join(",");
        writeFileSync(at("names"), `subjectAltName=${subjects}\nbasicConstraints=CA:FALSE\n`);
        openssl(
            "req",
            ...key.slice(0, 5),
            "-subj",
            "/CN=broker",
            "-keyout",
            at("tls.key"),
            "-out",
            at("tls.csr"),
        );
        openssl(
            "x509",
            "-req",
            ...["-in", at("tls.csr"), "-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-CAcreateserial"],
            ...["-days", "1", "-extfile", at("names"), "-out", at("tls.crt")],
        );
        const [authority = "", certificate = "", privateKey = ""] = ["ca.crt", "tls.crt", "tls.key"].map(
            (name) => readFileSync(at(name), "utf8"),
        );
        return { authority, certificate, key: privateKey };
    } finally {
        rmSync(directory, { recursive: true });
    }
}
