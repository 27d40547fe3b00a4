import { request } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Certificate } from "../../kafka/support/certificate";

/** Listens on a port of 127.0.0.1, a free one for 0; returns it. */
export async function listen(server: Server, port = 0): Promise<number> {
    await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
    return (server.address() as AddressInfo).port;
}

/** Ends TLS as an Ingress controller does: the host stays, and headers say how people came. */
export function tlsBefore(port: number, { certificate, key }: Certificate): Server {
    return createServer({ cert: certificate, key }, (incoming, outgoing) => {
        const headers = {
            ...incoming.headers,
            "x-forwarded-proto": "https",
            "x-forwarded-host": incoming.headers.host,
            "x-forwarded-for": incoming.socket.remoteAddress,
        };
        const { method, url } = incoming;
        const passed = request({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
            outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
            answer.pipe(outgoing);
        });
        passed.on("error", () => outgoing.writeHead(502).end());
        incoming.pipe(passed);
    });
}
