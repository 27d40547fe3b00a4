import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { findExecutable } from "../tools/paths";
import { run } from "../tools/command";

/** A release in a Debian archive that this machine is set up to use. */
export interface DebianSource {
    readonly uri: string;
    readonly release: string;
}

/**
 * Where the Debian archives that this machine uses, whatever release it is of, have the release `suite`: an archive holds all
 * releases that are supported. They are picked out of what `apt-get indextargets` prints for the format below. Third parties
 * name their suites after Debian's too; Debian's own have the component main and, known only after a first update, Debian
 * as their origin, else a path that ends in debian or debian-security.
 */
export function debianSources(text: string, suite: string): DebianSource[] {
    const found = text.split("\n").flatMap((line) => {
        const [uri = "", name = "", component = "", origin = ""] = line.split("|");
        const [, part] = /^[a-z]+(|-updates|-security)$/.exec(name) ?? [];
        const debian = origin === "Debian" || /\/debian(-security)?\/?$/.test(uri);
        return part !== undefined && debian && component === "main"
            ? [{ uri, release: `${suite}${part}` }]
            : [];
    });
    return found.filter(
        (each, index) =>
            found.findIndex(({ uri, release: name }) => uri === each.uri && name === each.release) === index,
    );
}

/** Where this machine's archives have a Debian release; none where it is not a Debian. */
export async function hostDebianSources(suite: string): Promise<DebianSource[]> {
    if (findExecutable("apt-get") === undefined) {
        return [];
    }
    const format = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)";
    const result = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
    return result.code === 0 ? debianSources(result.stdout, suite) : [];
}

/** The lines of `apt-config dump` that a build must share with the host to reach its archives. */
export function networkSettings(dump: string): string {
    return dump
        .split("\n")
        .filter((line) => /^Acquire::(Check-|https?::|Retries)/.test(line) && !line.includes("::User-Agent"))
        .join("\n");
}

/** The part of `pip config list` that leads to the package index, as a pip.conf. */
export function pipConfiguration(list: string, certificates: string | undefined): string {
    const lines = list.split("\n").flatMap((line) => {
        const [, name, value] =
            /^(?:global|install|:env:)\.(index-url|extra-index-url|trusted-host|proxy|timeout|default-timeout|retries)='(.*)'$/.exec(
                line,
            ) ?? [];
        return name === undefined ? [] : [`${name.replace("default-", "")} = ${value ?? ""}`];
    });
    const certificate = certificates === undefined ? [] : [`cert = ${certificates}`];
    return ["[global]", ...lines, ...certificate, ""].join("\n");
}

/**
 * Writes to `directory` how this machine reaches the archives of a Debian release and the Python package index. Builds mount the folder
 * at /run/host while they run, so that mirrors, proxies and credentials are in no layer, history or repository.
 */
export async function writeHostFiles(directory: string, suite: string): Promise<void> {
    mkdirSync(join(directory, "sources"), { recursive: true });
    const bundle = process.env.SSL_CERT_FILE ?? "/etc/ssl/certs/ca-certificates.crt";
    const mounted = existsSync(bundle) ? "/run/host/certificates.pem" : undefined;
    if (mounted !== undefined) {
        copyFileSync(bundle, join(directory, "certificates.pem"));
    }

    const sources = await hostDebianSources(suite);
    const settings = [
        'APT::Install-Recommends "false";',
        'Acquire::Languages "none";',
        ...(mounted === undefined ? [] : [`Acquire::https::CAInfo "${mounted}";`]),
    ];
    if (findExecutable("apt-config") !== undefined) {
        settings.push(networkSettings((await run("apt-config", ["dump"])).stdout));
    }
    if (sources.length > 0) {
        const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
        writeFileSync(
            join(directory, "sources", "host.list"),
            sources.map(({ uri, release }) => `deb [signed-by=${keyring}] ${uri} ${release} main\n`).join(""),
        );
        settings.push('Dir::Etc::SourceList "/dev/null";', 'Dir::Etc::SourceParts "/run/host/sources";');
    }
    writeFileSync(join(directory, "apt.conf"), `${settings.join("\n")}\n`);

    const pip = findExecutable("pip") ?? findExecutable("pip3");
    const list = pip === undefined ? "" : (await run(pip, ["config", "list"])).stdout;
    writeFileSync(join(directory, "pip.conf"), pipConfiguration(list, mounted));
}
