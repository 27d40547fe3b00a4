import assert from "node:assert/strict";
import { promisify } from "node:util";
import * as grpc from "@grpc/grpc-js";
import pWaitFor from "p-wait-for";
import { useOwnConnections } from "../plugins/support/ownConnections";

/** Starts a server without services, which refuses every call as unimplemented. */
async function listen(port: number): Promise<{ server: grpc.Server; port: number }> {
    const server = new grpc.Server();
    const bind = promisify(server.bindAsync.bind(server));
    return { server, port: await bind(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure()) };
}

/** Status of a call. */
function call(client: grpc.Client): Promise<grpc.status | undefined> {
    const bytes = (value: Buffer): Buffer => value;
    return new Promise((resolve) => {
        client.makeUnaryRequest("/test/Call", bytes, bytes, Buffer.alloc(0), (error) => {
            resolve(error?.code);
        });
    });
}

describe("the process in which programs of test stacks run", () => {
    it("a program reaches an engine on the port of an earlier one, whose connection was never closed", async () => {
        const options = useOwnConnections();
        const { server: earlier, port } = await listen(0);
        const connect = (): grpc.Client =>
            new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), options);
        const open = connect();
        assert.equal(await call(open), grpc.status.UNIMPLEMENTED);
        earlier.forceShutdown();
        await pWaitFor(async () => (await call(open)) === grpc.status.UNAVAILABLE);
        const { server } = await listen(port);
        const client = connect();
        assert.equal(await call(client), grpc.status.UNIMPLEMENTED);
        client.close();
        open.close();
        server.forceShutdown();
    });
});
