import type { Access } from "../../../components/access/tunnel";
import type { Report } from "../problems";
import type { GivenSettings } from "../schema";

/** How a provider reaches a server; undefined, with a report, where its settings do not say so. */
export function accessOf(
    server: "objectStore" | "postgres",
    settings: GivenSettings,
    report: Report,
): Access | undefined {
    const { mode, localPort, host, port, timeoutSeconds } = settings[server].access;
    if (mode === "tunnel") {
        return { mode, localPort, timeoutSeconds };
    }
    if (host === undefined) {
        report(`${server}.access.mode`, mode, `needs flts:${server}.access.host`);
        return undefined;
    }
    return { mode, host, port, timeoutSeconds };
}
