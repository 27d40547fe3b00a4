import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { entriesOf, namesIn } from "../../../toolchain/cluster/host/volatileFiles";
import { markerVariable } from "../../../toolchain/cluster/processes";
import { processesWithEnvironment } from "../../../toolchain/cluster/procfs";

/** All that a cluster could leave on a machine: kind of thing to its instances. */
export type Machine = Readonly<Record<string, readonly string[]>>;

function lines(command: string, ...commandArguments: string[]): string[] {
    return execFileSync(command, commandArguments, { encoding: "utf8" })
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "");
}

function directory(path: string): string[] {
    return namesIn(path).map((name) => join(path, name));
}

function controlGroups(path: string): string[] {
    return (entriesOf(path) ?? [])
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(path, entry.name));
}

function kernelSettings(): string[] {
    return [
        "net/ipv4",
        "net/ipv4/conf/all",
        "net/ipv6/conf/all",
        "net/netfilter",
        "kernel",
        "kernel/keys",
        "vm",
    ]
        .flatMap((folder) => directory(join("/proc/sys", folder)))
        .flatMap((path) => {
            try {
                return [`${path} = ${readFileSync(path, "utf8").trim()}`];
            } catch {
                return [];
            }
        })
        .filter((line) => !volatileSettings.test(line));
}

/**
 * Counters and random numbers among the settings, which change by themselves. The kernel makes the key of TCP Fast Open when
 * the first program listens with it.
 */
const volatileSettings =
    /nf_conntrack_count|random|ns_last_pid|pty|hostname|stat_refresh|conf\/all\/stable_secret|tcp_fastopen_key/;

/** Firewall rules and chains without counters of packets; built-in chains count if they do not let all through. */
function firewall(family: string): string[] {
    return lines(`${family}-save`)
        .filter((line) => line.startsWith("-A ") || (line.startsWith(":") && !line.includes(" ACCEPT ")))
        .map((line) => line.replace(/\[\d+:\d+\]/, ""));
}

/** Lists the machine. `state` is the cluster's directory; mounts and processes of other programs come and go. */
export function listMachine(state: string): Machine {
    return {
        processes: processesWithEnvironment(markerVariable, join(state, "cluster")).map(String),
        mounts: lines("cat", "/proc/self/mountinfo")
            .map((line) => line.split(" ")[4] ?? "")
            .filter((path) =>
                [state, "/run/flts", "/run/netns", "/var/run/netns"].some((own) => path.startsWith(own)),
            ),
        interfaces: lines("ip", "-brief", "link").map((line) =>
            (line.split(" ")[0] ?? "").replace(/@.*/, ""),
        ),
        addresses: lines("ip", "-oneline", "address").map((line) => line.replace(/valid_lft.*/, "")),
        routes: [...lines("ip", "route", "show", "table", "all"), ...lines("ip", "rule")],
        iptables: firewall("iptables"),
        ip6tables: firewall("ip6tables"),
        controlGroups: [
            ...controlGroups("/sys/fs/cgroup"),
            ...controlGroups("/sys/fs/cgroup").flatMap((path) => controlGroups(path)),
        ].filter((path) => !path.includes("process_api")),
        settings: kernelSettings(),
        files: [
            ...[
                state,
                "/run",
                "/run/lock",
                "/run/containerd",
                "/run/containerd/s",
                "/var/lib",
                "/var/lib/cni",
            ],
            ...[
                "/var/lib/cni/results",
                "/var/lib/kubelet",
                "/var/log",
                "/var/log/containers",
                "/var/log/pods",
            ],
            ...["/etc", "/etc/cni", "/opt", "/usr/libexec"],
        ].flatMap(directory),
    };
}

/** What `after` has and `before` had not, as `kind: thing`. */
export function additions(before: Machine, after: Machine): string[] {
    return Object.entries(after).flatMap(([kind, things]) => {
        const known = new Set(before[kind]);
        return things.filter((thing) => !known.has(thing)).map((thing) => `${kind}: ${thing}`);
    });
}
