import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { run, where, type CommandOptions, type CommandResult } from "../../tools/command";
import { toolPath } from "../../tools/paths";
import { fail } from "../../console";

/** Milliseconds for a registry to answer a question; a copy may take as long as it likes. */
const PATIENCE = 60_000;

/** skopeo's policy file belongs to a package that its build may lack, and verifies no signatures by default either. */
const GLOBAL = ["--insecure-policy"];

/** In one sentence, what a registry's refusal means and how it is fixed; undefined for other failures. */
export function explainRefusal(setting: string, host: string, output: string): string | undefined {
    if (/unauthorized|authentication required|401|denied|403|invalid username\/password/i.test(output)) {
        return (
            `${setting}: the registry ${host} refuses the login, or gives it no right to this repository: run ` +
            `\`skopeo login ${host}\` (or \`docker login\`) as someone who may push there.`
        );
    }
    if (/certificate|x509/i.test(output)) {
        return (
            `${setting}: the certificate of ${host} is not trusted here: put its CA's certificate into ` +
            `/etc/containers/certs.d/${host}/ca.crt.`
        );
    }
    if (/server gave HTTP response to HTTPS client/i.test(output)) {
        return `${setting}: ${host} serves no TLS: put it behind TLS, since nodes pull only from registries that have it.`;
    }
    if (
        /no such host|connection refused|timed? ?out|no route to host|network is unreachable|EOF|pinging/i.test(
            output,
        )
    ) {
        return `${setting}: no registry answers at ${host}: check its name and port, and that this machine reaches it.`;
    }
    return undefined;
}

/** A registry, or the official ones, as skopeo reaches them with the user's own logins. */
export class Registry {
    /**
     * @param setting what named the registry, for messages, such as `TO=registry.example/flts`.
     * @param log file that gets all output.
     */
    public constructor(
        private readonly setting: string,
        private readonly log: string,
    ) {}

    /** Digest of the image at `reference`; undefined when the registry does not have it. Fails when it does not answer. */
    public async digest(reference: string): Promise<string | undefined> {
        const result = await this.run(
            ["inspect", "--no-tags", "--format", "{{.Digest}}", `docker://${reference}`],
            PATIENCE,
        );
        if (result.code === 0) {
            return result.stdout.trim();
        }
        if (/manifest unknown|name unknown|not found|NAME_UNKNOWN|MANIFEST_UNKNOWN/i.test(result.stderr)) {
            return undefined;
        }
        return this.refuse(reference, result);
    }

    /** Copies the image `from`, in skopeo's notation, to `reference`; returns its digest, which a copy keeps. */
    public async copy(from: string, reference: string): Promise<string> {
        const copied = await copyImage(from, `docker://${reference}`, this.log);
        return typeof copied === "string" ? copied : this.refuse(reference, copied);
    }

    private refuse(reference: string, result: CommandResult): never {
        const host = reference.split("/")[0] ?? reference;
        const reason = result.stderr.trim().split("\n").at(-1) ?? "";
        return fail(
            `${explainRefusal(this.setting, host, result.stderr) ?? `${this.setting}: ${reference}: ${reason}`}${where(this.log)}`,
        );
    }

    private run(parameters: readonly string[], timeout: number): Promise<CommandResult> {
        return skopeo(parameters, { log: this.log, timeout });
    }
}

function skopeo(parameters: readonly string[], options: CommandOptions): Promise<CommandResult> {
    return run(toolPath("skopeo"), [...GLOBAL, ...parameters], options);
}

/** Copies an image between two places in skopeo's notation; its digest, or the failure. */
export async function copyImage(from: string, to: string, log: string): Promise<string | CommandResult> {
    const directory = mkdtempSync(join(tmpdir(), "flts-digest-"));
    try {
        const file = join(directory, "digest");
        const result = await skopeo(
            ["copy", "--quiet", "--preserve-digests", "--digestfile", file, from, to],
            { log },
        );
        return result.code === 0 ? readFileSync(file, "utf8").trim() : result;
    } finally {
        rmSync(directory, { recursive: true, force: true });
    }
}
