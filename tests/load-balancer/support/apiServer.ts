import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toolPath } from "../../../toolchain/tools/paths";
import { run, succeed } from "../../support/commands";
import { until } from "./balancer";
import { freePort } from "../../support/freePort";

/** Of the one user, an administrator. */
export const TOKEN = "administrator";

/** A Kubernetes API with its database and without a node, on loopback. */
export class ApiServer {
    url = "";
    readonly directory = mkdtempSync(join(tmpdir(), "flts-api-server-"));
    private readonly processes: ChildProcess[] = [];

    async start(): Promise<void> {
        const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
        const [database, peers] = [client, peer].map((each) => `http://127.0.0.1:${each}`);
        const tokens = join(this.directory, "tokens.csv");
        const key = join(this.directory, "accounts.key");
        writeFileSync(tokens, `${TOKEN},admin,admin,system:masters\n`);
        await succeed("openssl", ["genrsa", "-out", key, "2048"]);
        this.run("etcd", [
            `--data-dir=${join(this.directory, "etcd")}`,
            `--listen-client-urls=${database}`,
            `--advertise-client-urls=${database}`,
            `--listen-peer-urls=${peers}`,
            `--initial-advertise-peer-urls=${peers}`,
            `--initial-cluster=default=${peers}`,
            "--unsafe-no-fsync",
        ]);
        this.run("kube-apiserver", [
            `--etcd-servers=${database}`,
            "--bind-address=127.0.0.1",
            `--secure-port=${port}`,
            `--cert-dir=${this.directory}`,
            `--token-auth-file=${tokens}`,
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--service-account-issuer=https://flts.test",
            `--service-account-key-file=${key}`,
            `--service-account-signing-key-file=${key}`,
            "--disable-admission-plugins=ServiceAccount",
        ]);
        this.url = `https://127.0.0.1:${port}`;
        await until(
            "the API server is ready",
            async () => (await this.kubectl(["get", "--raw", "/readyz"])).code === 0,
            60_000,
        );
    }

    /** Certificate that it made for itself. */
    get certificate(): string {
        return join(this.directory, "apiserver.crt");
    }

    /** Creates objects, or those of files. */
    async apply(what: { readonly objects: readonly object[] } | { readonly folder: string }): Promise<void> {
        const file = "folder" in what ? what.folder : "-";
        const input =
            "folder" in what ? "" : JSON.stringify({ apiVersion: "v1", kind: "List", items: what.objects });
        const { code, everything } = await this.kubectl(
            ["apply", "--server-side", "--validate=false", "--filename", file],
            input,
        );
        if (code !== 0) {
            throw new Error(everything);
        }
    }

    kubectl(parameters: readonly string[], input = ""): ReturnType<typeof run> {
        const login = [
            `--server=${this.url}`,
            `--token=${TOKEN}`,
            "--insecure-skip-tls-verify",
            "--kubeconfig=/dev/null",
        ];
        return run(toolPath("kubectl"), [...login, ...parameters], { input });
    }

    remove(): void {
        for (const child of this.processes.reverse()) {
            child.kill("SIGKILL");
        }
        rmSync(this.directory, { recursive: true, force: true });
    }

    private run(program: string, parameters: readonly string[]): void {
        this.processes.push(spawn(toolPath("kubernetes"), [program, ...parameters], { stdio: "ignore" }));
    }
}
