import type { Report } from "../problems";
import type { GivenSettings } from "../schema";

/** Where the cluster's own servers are. */
export type NetworkSettings = Omit<GivenSettings["network"], "dns"> & { readonly dns: DnsSettings };

/** DNS servers as the cluster's Services say, or as the settings say. */
type DnsSettings =
    | { readonly from: "cluster" }
    | {
          readonly from: "given";
          readonly pods: readonly {
              readonly namespace: string;
              readonly labels: Readonly<Record<string, string>>;
          }[];
          readonly cidrs: readonly string[];
          readonly ports: readonly number[];
      };

const DNS_PORT = 53;

export function networkSettingsOf({ network }: GivenSettings, report: Report): NetworkSettings | undefined {
    const dns = dnsOf(network.dns, report);
    return dns && { ...network, dns };
}

function dnsOf(
    { namespace, podLabels, cidrs, ports }: GivenSettings["network"]["dns"],
    report: Report,
): DnsSettings | undefined {
    if (namespace === undefined && Object.keys(podLabels).length > 0) {
        report(
            "network.dns.podLabels",
            podLabels,
            "select pods of no namespace; set flts:network.dns.namespace too",
        );
        return undefined;
    }
    if (namespace === undefined && cidrs.length === 0) {
        if (ports.length > 0) {
            report(
                "network.dns.ports",
                ports,
                "are ports of servers that are not named; set flts:network.dns.namespace or cidrs too, or remove them",
            );
            return undefined;
        }
        return { from: "cluster" };
    }
    return {
        from: "given",
        pods: namespace === undefined ? [] : [{ namespace, labels: podLabels }],
        cidrs,
        ports: ports.length === 0 ? [DNS_PORT] : ports,
    };
}
