import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readDeployedData } from "../../components/access/deployedData";

/** Answers like an API server: lists of a namespace, and 403 for what the user may not list. */
class ApiServer {
    private readonly directory = mkdtempSync(join(tmpdir(), "flts-api-"));
    private readonly server: Server;
    private readonly kubeconfig = process.env.KUBECONFIG;

    constructor(lists: Readonly<Record<string, readonly object[]>>) {
        this.server = createServer((request, response) => {
            const items = lists[request.url ?? ""];
            response.writeHead(items === undefined ? 403 : 200, { "content-type": "application/json" });
            response.end(
                JSON.stringify(
                    items === undefined
                        ? { kind: "Status", status: "Failure", reason: "Forbidden", message: "cannot list" }
                        : { kind: "List", apiVersion: "v1", metadata: {}, items },
                ),
            );
        });
    }

    async start(): Promise<void> {
        await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
        const { port } = this.server.address() as AddressInfo;
        const file = join(this.directory, "kubeconfig");
        writeFileSync(
            file,
            JSON.stringify({
                clusters: [
                    {
                        name: "c",
                        cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true },
                    },
                ],
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

const STATEFUL_SETS = "/apis/apps/v1/namespaces/flts/statefulsets";
const DEPLOYMENTS = "/apis/apps/v1/namespaces/flts/deployments";
const CLAIMS = "/api/v1/namespaces/flts/persistentvolumeclaims";
const labels = { "app.kubernetes.io/instance": "prod", "app.kubernetes.io/name": "kafka" };

async function read(lists: Readonly<Record<string, readonly object[]>>) {
    const server = new ApiServer(lists);
    await server.start();
    try {
        return await readDeployedData("test", "flts", "prod");
    } finally {
        await server.stop();
    }
}

describe("the data that a cluster has", () => {
    it("is read from its StatefulSets, claims and Deployments", async () => {
        const claim = {
            metadata: { name: "data" },
            spec: { storageClassName: "fast", resources: { requests: { storage: "50Gi" } } },
        };
        const kafka = {
            metadata: { name: "kafka" },
            spec: {
                replicas: 3,
                selector: { matchLabels: labels },
                template: { metadata: { labels } },
                volumeClaimTemplates: [claim],
            },
        };
        const trainer = {
            metadata: { name: "train-gru" },
            spec: {
                template: {
                    metadata: { labels },
                    spec: { containers: [{ name: "main", env: [{ name: "IDENTIFIER", value: "team" }] }] },
                },
            },
        };
        assert.deepEqual(await read({ [STATEFUL_SETS]: [kafka], [DEPLOYMENTS]: [trainer], [CLAIMS]: [] }), {
            volumes: [
                {
                    name: "kafka",
                    claimedBy: "StatefulSet",
                    pods: 3,
                    volumesPerPod: 1,
                    size: "50Gi",
                    storageClass: "fast",
                    format: undefined,
                },
            ],
            identifier: "team",
        });
    });

    it("is nothing in a namespace that is not there", async () => {
        const empty = { [STATEFUL_SETS]: [], [DEPLOYMENTS]: [], [CLAIMS]: [] };
        assert.deepEqual(await read(empty), { volumes: [], identifier: undefined });
    });

    it("is never taken for nothing where the user may not list it: the update is refused", async () => {
        await assert.rejects(
            read({ [STATEFUL_SETS]: [], [DEPLOYMENTS]: [] }),
            /flts:namespace = "flts".*PersistentVolumeClaims.*cannot be listed.*Nothing was changed/s,
        );
    });
});
