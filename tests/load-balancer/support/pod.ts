import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** How a pod treats a forecast request. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers with the pod's address, so that a client can see who did. */
const answer: Behaviour = (request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ pod: request.socket.localAddress }));
};

/** A stand-in for an inference pod: one loopback address, /ready and everything else. */
export class FakePod {
    ready = true;
    behaviour: Behaviour = answer;
    /** Requests that reached the pod, health checks left out. */
    requests = 0;
    private server: Server | undefined;

    constructor(
        readonly address: string,
        private readonly port: number,
    ) {}

    async start(): Promise<void> {
        const server = createServer((request, response) => {
            if (request.url === "/ready") {
                response.statusCode = this.ready ? 200 : 503;
                response.end();
                return;
            }
            this.requests += 1;
            this.behaviour(request, response);
        });
        await new Promise<void>((resolve, reject) => {
            server.once("error", reject);
            server.listen(this.port, this.address, resolve);
        });
        this.server = server;
    }

    /** Ends like a killed process: at once, requests under way included. */
    kill(): void {
        this.server?.close();
        this.server?.closeAllConnections();
        this.server = undefined;
    }

    /** Answers normally again. */
    repair(): void {
        this.ready = true;
        this.behaviour = answer;
    }
}
