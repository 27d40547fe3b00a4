import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Endpoint, EndpointFacts } from "./facts";

/** Milliseconds in which a server must answer. */
const PATIENCE = 3000;

/** https://www.postgresql.org/docs/current/protocol-message-formats.html, SSLRequest */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** Begins TLS with a server, and looks whether it answers so. Its certificate is its clients' to judge. */
export async function probe(endpoint: Endpoint): Promise<EndpointFacts> {
    const { host, port, protocol } = endpoint;
    return new Promise((resolve) => {
        const socket = connect({ host, port });
        const conclude = (answer: EndpointFacts["answer"]): void => {
            socket.destroy();
            resolve({ endpoint, answer });
        };
        socket.setTimeout(PATIENCE, () => {
            conclude({ unreachable: `no answer within ${PATIENCE / 1000} s` });
        });
        socket.once("error", ({ message }) => {
            conclude({ unreachable: message });
        });
        socket.once("connect", () => {
            (protocol === "postgres" ? askPostgres : beginTls)(socket, conclude);
        });
    });
}

type Conclude = (answer: EndpointFacts["answer"]) => void;

function askPostgres(socket: Socket, conclude: Conclude): void {
    socket.once("data", (answer) => {
        conclude(answer.toString().startsWith("S") ? "tls" : "plain");
    });
    socket.once("close", () => {
        conclude("plain");
    });
    socket.write(SSL_REQUEST);
}

function beginTls(socket: Socket, conclude: Conclude): void {
    // Whoever closes the connection on the first message of TLS does not know it.
    socket.removeAllListeners("error");
    const secure = connectTls({ socket, rejectUnauthorized: false });
    secure.once("secureConnect", () => {
        conclude("tls");
    });
    secure.once("error", ({ message, code = "" }: NodeJS.ErrnoException) => {
        // Only who has TLS refuses a client with an alert.
        conclude(code.includes("ALERT") || message.includes("alert") ? "tls" : "plain");
    });
}
