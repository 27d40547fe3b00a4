/** Set where the node's kernel has IPv6; where it has not, HAProxy does not start with an IPv6 address. */
const IPV6 = "NODE_HAS_IPV6";

/** Lines of a frontend that listen on a port of all addresses, IPv4 and, where there is any, IPv6. */
export function listenOn(port: number): string[] {
    return [
        `bind :${port}`,
        // Apart from IPv4, so that logs and limits know IPv4 clients by their own addresses.
        `.if defined(${IPV6})`,
        `bind :::${port} v6only`,
        ".endif",
    ];
}

/** Runs HAProxy in the foreground with a configuration that {@link listenOn} is part of. */
export function haproxyCommand(path: string): string[] {
    const hasIpv6 = `if [ -e /proc/net/if_inet6 ]; then export ${IPV6}=1; fi`;
    return ["/bin/sh", "-c", `${hasIpv6}; exec haproxy -db -f ${path}`];
}
