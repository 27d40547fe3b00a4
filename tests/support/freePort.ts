import { createServer, type AddressInfo } from "node:net";

/**
 * A port that nothing listens on.
 *
 * @param host address whose port it is; all of the machine's by default.
 */
export async function freePort(host?: string): Promise<number> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
}
