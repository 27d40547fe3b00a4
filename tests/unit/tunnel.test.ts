import assert from "node:assert/strict";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { listenOnLoopback } from "../../components/access/loopbackListener";
import { isRolledOut } from "../../components/access/rollout";
import { readyEndpoint } from "../../components/access/readyEndpoint";

function unexpected(error: Error): void {
    throw error;
}

async function listening(server: Server): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
}

describe("loopback listener", () => {
    const servers: Server[] = [];

    afterEach(() => {
        for (const server of servers.splice(0)) {
            server.close();
        }
    });

    it("a loopback listener passes each connection to the dialler, and closes it when the other end does", async () => {
        let dialled = 0;
        const probe = createServer();
        const port = await listening(probe);
        await new Promise((resolve) => probe.close(resolve));
        servers.push(
            await listenOnLoopback({
                port,
                portSetting: "flts:test.port",
                dial: (socket) => {
                    dialled += 1;
                    socket.end("hello");
                    return Promise.resolve();
                },
                onFailure: unexpected,
            }),
        );
        const answers = await Promise.all(
            [1, 2].map(
                () =>
                    new Promise<string>((resolve) => {
                        let text = "";
                        connect(port, "127.0.0.1")
                            .on("data", (data) => (text += data.toString()))
                            .on("close", () => {
                                resolve(text);
                            });
                    }),
            ),
        );
        assert.deepEqual(answers, ["hello", "hello"]);
        assert.equal(dialled, 2);
    });

    it("a port that is in use is an error that names the port and the setting", async () => {
        const taken = createServer();
        servers.push(taken);
        const port = await listening(taken);
        await assert.rejects(
            listenOnLoopback({
                port,
                portSetting: "flts:postgres.access.localPort",
                dial: () => Promise.resolve(),
                onFailure: unexpected,
            }),
            new RegExp(
                `127\\.0\\.0\\.1:${port} is in use by another program.*flts:postgres\\.access\\.localPort`,
            ),
        );
    });

    it("a connection that cannot be forwarded is closed, with the reason", async () => {
        const reasons: string[] = [];
        const free = createServer();
        const port = await listening(free);
        await new Promise((resolve) => free.close(resolve));
        servers.push(
            await listenOnLoopback({
                port,
                portSetting: "flts:test.port",
                dial: () => Promise.reject(new Error("no ready pod")),
                onFailure: (error) => reasons.push(error.message),
            }),
        );
        await new Promise<void>((resolve) => {
            connect(port, "127.0.0.1")
                .on("error", () => undefined)
                .on("close", () => {
                    resolve();
                });
        });
        assert.deepEqual(reasons, ["no ready pod"]);
    });
});

describe("ready endpoint", () => {
    const slice = (ready: boolean, name: string) => ({
        addressType: "IPv4",
        ports: [{ port: 9000 }],
        endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready }, targetRef: { kind: "Pod", name } }],
    });

    it("the endpoint is the first ready pod with the Service's target port", () => {
        assert.deepEqual(readyEndpoint([slice(false, "a"), slice(true, "b")]), { pod: "b", port: 9000 });
    });

    it("the endpoint stays the same pod while that one is ready, whatever the order of the others", () => {
        const three = [slice(true, "a"), slice(true, "b"), slice(true, "c")];
        assert.equal(readyEndpoint(three, "b")?.pod, "b");
        assert.equal(readyEndpoint(three.toReversed(), "b")?.pod, "b");
        assert.equal(readyEndpoint([slice(true, "a"), slice(false, "b")], "b")?.pod, "a");
    });

    it("the endpoint is undefined when no pod is ready", () => {
        assert.equal(readyEndpoint([slice(false, "a")]), undefined);
        assert.equal(readyEndpoint([]), undefined);
        assert.equal(readyEndpoint([{ ports: [{ port: 9000 }], endpoints: null }]), undefined);
    });
});

describe("rollout", () => {
    const done = {
        metadata: { generation: 2 },
        spec: { replicas: 1 },
        status: {
            observedGeneration: 2,
            updatedReplicas: 1,
            readyReplicas: 1,
            currentRevision: "b",
            updateRevision: "b",
        },
    };

    it("a rollout is over when every pod is ready and of the newest revision", () => {
        assert.equal(isRolledOut(done), true);
    });

    for (const [name, status] of Object.entries({
        "the controller has not seen the change": { observedGeneration: 1 },
        "the old pod still runs": { currentRevision: "a", updatedReplicas: 0 },
        "the new pod is not ready": { readyReplicas: 0 },
    })) {
        it(`a rollout is not over while ${name}`, () => {
            assert.equal(isRolledOut({ ...done, status: { ...done.status, ...status } }), false);
        });
    }
});
