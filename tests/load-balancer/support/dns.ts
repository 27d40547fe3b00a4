import { createSocket, type Socket } from "node:dgram";
import { decode, encode } from "dns-packet";

/** A name server whose answers a test changes, in place of the cluster's. */
export class NameServer {
    /** Addresses by host name; a name without any does not exist. */
    readonly records = new Map<string, readonly string[]>();
    private readonly socket: Socket = createSocket("udp4");

    /** Starts to answer; returns the port on 127.0.0.1. */
    async listen(): Promise<number> {
        this.socket.on("message", (message, { port, address }) => {
            const { id, questions } = decode(message);
            const [question] = questions ?? [];
            const known = this.records.get(question?.name ?? "") ?? [];
            const type = question?.type === "AAAA" ? "AAAA" : "A";
            const addresses = known.filter((address) => address.includes(":") === (type === "AAAA"));
            const NAME_ERROR = 3;
            const answer = encode({
                type: "response",
                ...(id === undefined ? {} : { id }),
                flags: known.length === 0 ? NAME_ERROR : 0,
                ...(questions === undefined ? {} : { questions }),
                answers: addresses.map((data) => ({ type, name: question?.name ?? "", ttl: 1, data })),
            });
            this.socket.send(answer, port, address);
        });
        await new Promise<void>((resolve) => this.socket.bind(0, "127.0.0.1", resolve));
        return this.socket.address().port;
    }

    close(): void {
        this.socket.close();
    }
}
