import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { imagePlaces } from "../../toolchain/images/places";
import { succeed } from "./commands";
import { freePort } from "./freePort";

const START_TIMEOUT = 30_000;
const USER = "pusher";
const PASSWORD = "secret-of-tests";
/** bcrypt of the password, the one form that the registry reads. Of the lowest cost: it is computed for every request. */
const HASH = "$2a$04$lHZbeiIoOSz7MqAgPLJP5uvgfeSrrRFnsPnddL6wU37/izmjqYXRC";

/**
 * Debian's docker-registry, unpacked: installed, it would run as a service of the machine. Kept among the downloads.
 */
async function registryProgram(): Promise<string> {
    const directory = join(imagePlaces().downloads, "docker-registry");
    const program = join(directory, "usr", "bin", "docker-registry");
    if (!existsSync(program)) {
        mkdirSync(directory, { recursive: true });
        const download = ["-c", 'cd "$0" && apt-get download docker-registry', directory];
        if (spawnSync("bash", download).status !== 0) {
            await succeed("apt-get", ["update"]);
            await succeed("bash", download);
        }
        const archive = readdirSync(directory).find((name) => name.endsWith(".deb")) ?? "";
        await succeed("dpkg-deb", ["--extract", join(directory, archive), directory]);
    }
    return program;
}

/** A registry on loopback with TLS of its own authority, and a login. */
export class RegistryServer {
    private constructor(
        private readonly child: ChildProcess,
        private readonly directory: string,
        /** `host:port`. */
        readonly host: string,
    ) {}

    static async start(): Promise<RegistryServer> {
        const program = await registryProgram();
        const directory = mkdtempSync(join(tmpdir(), "flts-registry-"));
        const port = await freePort("127.0.0.1");
        const host = `localhost:${port}`;
        await succeed("openssl", [
            ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"],
            ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            ...["-keyout", join(directory, "key.pem"), "-out", join(directory, "certificate.pem")],
        ]);
        writeFileSync(join(directory, "htpasswd"), `${USER}:${HASH}\n`);
        writeFileSync(
            join(directory, "config.yml"),
            JSON.stringify({
                version: "0.1",
                log: { level: "error" },
                storage: { filesystem: { rootdirectory: join(directory, "content") } },
                http: {
                    addr: `127.0.0.1:${port}`,
                    secret: "of the tests",
                    tls: { certificate: join(directory, "certificate.pem"), key: join(directory, "key.pem") },
                },
                auth: { htpasswd: { realm: "tests", path: join(directory, "htpasswd") } },
            }),
        );
        const child = spawn(program, ["serve", join(directory, "config.yml")], { stdio: "ignore" });
        const server = new RegistryServer(child, directory, host);
        const deadline = Date.now() + START_TIMEOUT;
        while (!(await server.answers())) {
            if (child.exitCode !== null || Date.now() > deadline) {
                throw new Error(`docker-registry did not come up at ${host}`);
            }
            await sleep(100);
        }
        return server;
    }

    /** The certificate of the authority that signed the registry's. */
    get certificate(): string {
        return join(this.directory, "certificate.pem");
    }

    /** Environment in which skopeo trusts the registry, with a login that it accepts or refuses. */
    environment(password: string = PASSWORD): NodeJS.ProcessEnv {
        const logins = join(this.directory, password === PASSWORD ? "login.json" : "wrong-login.json");
        writeFileSync(logins, JSON.stringify({ auths: this.logins(password) }));
        return { ...this.untrusted(), SSL_CERT_FILE: this.certificate, REGISTRY_AUTH_FILE: logins };
    }

    /** The login as clients of registries keep it, by host. */
    logins(password: string = PASSWORD): Readonly<Record<string, { readonly auth: string }>> {
        return { [this.host]: { auth: Buffer.from(`${USER}:${password}`).toString("base64") } };
    }

    /** Environment without a login, and without trust in the registry's certificate. */
    untrusted(): NodeJS.ProcessEnv {
        return {
            NO_PROXY: "localhost",
            no_proxy: "localhost",
            REGISTRY_AUTH_FILE: join(this.directory, "none.json"),
        };
    }

    async remove(): Promise<void> {
        const ended = new Promise((resolve) => this.child.once("exit", resolve));
        if (this.child.exitCode === null) {
            this.child.kill("SIGTERM");
            await ended;
        }
        rmSync(this.directory, { recursive: true, force: true });
    }

    private async answers(): Promise<boolean> {
        const port = Number(this.host.split(":")[1]);
        return await new Promise((resolve) => {
            const connection = connect(port, "127.0.0.1", () => {
                connection.destroy();
                resolve(true);
            });
            connection.once("error", () => {
                resolve(false);
            });
        });
    }
}
