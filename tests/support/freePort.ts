import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below the ports that Linux gives to outgoing connections (32768 and higher, ip_local_port_range) and Kubernetes to NodePorts
 * (30000 and higher): between the look and the start of a server, no connection of another process takes the port.
 */
const PORTS = [20_000, 30_000] as const;
const TRIES = 100;

/**
 * A port that nothing listens on.
 *
 * @param host address whose port it is; all of the machine's by default.
 */
export async function freePort(host?: string): Promise<number> {
    for (let tried = 0; tried < TRIES; tried++) {
        const port = randomInt(...PORTS);
        if (await isFree(port, host)) {
            return port;
        }
    }
    throw new Error(`none of ${TRIES} ports between ${PORTS.join(" and ")} is free`);
}

async function isFree(port: number, host: string | undefined): Promise<boolean> {
    const server = createServer();
    return new Promise((resolve) => {
        server.once("error", () => {
            resolve(false);
        });
        server.listen(port, host, () => {
            server.close(() => {
                resolve(true);
            });
        });
    });
}
