import { readdirSync } from "node:fs";
import { processIds, processName } from "../procfs";
import { linkTarget, textOf } from "./volatileFiles";

/** A socket that accepts TCP connections on a port. */
export interface Listener {
    readonly port: number;
    readonly inode: string;
}

/** State LISTEN in /proc/net/tcp (net/tcp_states.h). */
const listening = "0A";

function hexadecimalAddress(address: string): string {
    return address
        .split(".")
        .reverse()
        .map((byte) => Number(byte).toString(16).padStart(2, "0"))
        .join("")
        .toUpperCase();
}

/**
 * Sockets in `text` (/proc/net/tcp or tcp6 of a little-endian machine, proc(5)) that listen on the IPv4 `address` or on
 * all addresses, and so would keep another from listening there.
 */
export function parseListeners(text: string, address: string): Listener[] {
    const own = hexadecimalAddress(address);
    return text
        .split("\n")
        .slice(1)
        .flatMap((line) => {
            const fields = line.trim().split(/\s+/);
            const [host = "", port = ""] = (fields[1] ?? "").split(":");
            const blocks = host === own || /^0+$/.test(host);
            return blocks && fields[3] === listening
                ? [{ port: parseInt(port, 16), inode: fields[9] ?? "" }]
                : [];
        });
}

/** Sockets that would keep the cluster from listening on `address`. */
export function listeners(address: string): Listener[] {
    return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) => parseListeners(textOf(path) ?? "", address));
}

/** Paths of a process' open files; none if it is gone or belongs to another user. */
function descriptors(pid: number): string[] {
    try {
        return readdirSync(`/proc/${pid}/fd`).map((descriptor) => `/proc/${pid}/fd/${descriptor}`);
    } catch {
        return [];
    }
}

/** Process that holds the socket, or undefined if it is unknown. */
export function ownerOf(listener: Listener): number | undefined {
    const socket = `socket:[${listener.inode}]`;
    return processIds().find((pid) => descriptors(pid).some((path) => linkTarget(path) === socket));
}

/** `process 4711 (k3s)`, or as much of it as is known. */
export function describeProcess(pid: number | undefined): string {
    return pid === undefined ? "an unknown process" : `process ${pid} (${processName(pid) ?? "ended"})`;
}
