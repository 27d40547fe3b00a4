import { run } from "../commands";
import { addresses } from "../layout";
import { systemTool } from "../tools";

const nodeAddress = `${addresses.node}/32`;

/** The parts of `ip -json address` that are used (ip-address(8)). */
interface Interface {
    readonly ifname: string;
    readonly addr_info: readonly { readonly local?: string }[];
}

async function ip(...commandArguments: string[]): Promise<string> {
    return await run(systemTool("ip"), commandArguments);
}

async function interfacesWith(range: string): Promise<string[]> {
    const found = JSON.parse((await ip("-json", "address", "show", "to", range)) || "[]") as Interface[];
    // `show to` lists every interface, those without a matching address as empty objects or without addresses.
    return found
        .filter((each) => (each.addr_info as unknown) !== undefined && each.addr_info.length > 0)
        .map((each) => each.ifname);
}

/** True if the node's address is there. */
export async function hasNodeAddress(): Promise<boolean> {
    return (await interfacesWith(nodeAddress)).includes("lo");
}

/**
 * Gives the machine the node's address, and a route by which connections to Services leave an application at all:
 * iptables turns them to a pod afterwards, but without a route (on a machine that is offline) they would fail before.
 */
export async function ensureNodeAddress(): Promise<void> {
    await ip("address", "replace", nodeAddress, "dev", "lo");
    await ip("route", "replace", addresses.serviceRange, "dev", "lo", "src", addresses.node);
}

/** Takes away the node's address, the Services' route and the host's ends of the pods' interfaces. */
export async function removeAddresses(): Promise<void> {
    for (const name of await interfacesWith(addresses.podRange)) {
        await ip("link", "delete", name).catch(() => undefined);
    }
    await ip("route", "flush", addresses.serviceRange, "dev", "lo").catch(() => undefined);
    if (await hasNodeAddress()) {
        await ip("address", "delete", nodeAddress, "dev", "lo");
    }
}

/** Routes of the machine that lie in the cluster's ranges and so would be in its way, as `destination dev name`. */
export async function foreignRoutes(): Promise<string[]> {
    const ranges = [addresses.serviceRange, addresses.podRange, nodeAddress];
    const routes = await Promise.all(
        ranges.map((range) => ip("route", "show", "root", range, "table", "all")),
    );
    return routes
        .flatMap((text) => text.split("\n").map((line) => line.trim()))
        .filter((line) => line !== "");
}
