import { createServer, type Server, type Socket } from "node:net";
import type { Dial } from "./portForward";

/** Only this machine may use a tunnel. */
export const LOOPBACK = "127.0.0.1";

export interface ListenerOptions {
    /** Port on the loopback interface. Fixed, because it becomes an input of a provider and thereby state. */
    readonly port: number;
    /** Setting that chooses the port, named in the message when the port is taken. */
    readonly portSetting: string;
    readonly dial: Dial;
    /** Called for connections that could not be forwarded. */
    readonly onFailure: (error: Error) => void;
}

/**
 * Accepts connections on a loopback port and hands each to `dial`.
 *
 * Listener and sockets are unreferenced: Pulumi ends a program when its event loop is empty, and a tunnel alone
 * is no reason to continue. While the engine still deletes, the SDK's own pending call keeps the program alive.
 *
 * @returns the server, listening.
 */
export async function listenOnLoopback(options: ListenerOptions): Promise<Server> {
    const server = createServer({ allowHalfOpen: false }, (socket) => {
        void forward(socket, options);
    });
    await new Promise<void>((resolve, reject) => {
        server.once("error", (error: NodeJS.ErrnoException) => {
            reject(error.code === "EADDRINUSE" ? portTaken(options) : error);
        });
        server.listen(options.port, LOOPBACK, resolve);
    });
    server.unref();
    return server;
}

async function forward(socket: Socket, options: ListenerOptions): Promise<void> {
    socket.unref();
    // Resets are the peers' business: the client sees its own, and the server's arrives as a close.
    socket.on("error", () => undefined);
    try {
        await options.dial(socket);
    } catch (error) {
        socket.destroy();
        options.onFailure(error instanceof Error ? error : new Error(String(error)));
    }
}

function portTaken(options: ListenerOptions): Error {
    return new Error(
        `${LOOPBACK}:${options.port} is in use by another program, perhaps another \`pulumi up\`. ` +
            `End it, or choose a free port with the setting ${options.portSetting}.`,
    );
}
