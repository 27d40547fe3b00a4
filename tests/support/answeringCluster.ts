import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An answer of an API server. */
export interface Answer {
    readonly status: number;
    readonly body: object;
}

/** Answers HTTP requests as an API server would, and is the cluster of the context `test` while it runs. */
export class AnsweringCluster {
    private readonly server: Server;
    private directory = "";
    private kubeconfig: string | undefined;

    /** @param answer to a request by its path and query. */
    constructor(answer: (url: string) => Answer) {
        this.server = createServer((request, response) => {
            const { status, body } = answer(request.url ?? "");
            response.writeHead(status, { "content-type": "application/json" });
            response.end(JSON.stringify(body));
        });
    }

    async start(): Promise<void> {
        await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
        const { port } = this.server.address() as AddressInfo;
        const cluster = { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true };
        this.directory = mkdtempSync(join(tmpdir(), "flts-api-"));
        this.kubeconfig = process.env.KUBECONFIG;
        const file = join(this.directory, "kubeconfig");
        writeFileSync(
            file,
            JSON.stringify({
                clusters: [{ name: "c", cluster }],
                users: [{ name: "u", user: {} }],
                contexts: [{ name: "test", context: { cluster: "c", user: "u" } }],
            }),
        );
        process.env.KUBECONFIG = file;
    }

    async stop(): Promise<void> {
        await new Promise((resolve) => this.server.close(resolve));
        rmSync(this.directory, { recursive: true });
        if (this.kubeconfig === undefined) {
            delete process.env.KUBECONFIG;
        } else {
            process.env.KUBECONFIG = this.kubeconfig;
        }
    }
}
