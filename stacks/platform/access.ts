import type { Access } from "../../components/access/tunnel";
import type { Settings } from "../settings/schema";

/** How a provider reaches a server, as the component wants it. */
export function accessOf(access: Settings["postgres"]["access"]): Access {
    const { timeoutSeconds, localPort, host, port } = access;
    return access.mode === "direct" && host !== undefined
        ? { mode: "direct", host, port, timeoutSeconds }
        : { mode: "tunnel", localPort, timeoutSeconds };
}
