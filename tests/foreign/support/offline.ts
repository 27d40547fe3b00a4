import assert from "node:assert/strict";
import { addresses } from "../../../toolchain/cluster/layout";
import { run, succeed } from "../../support/commands";

/** Number of a group without members: the kernel can distinguish commands that run as it. */
export const OFFLINE_GROUP = 51_842;

/** An address outside of this machine, which is nobody's (RFC 5737). */
const OUTSIDE = "198.51.100.1";

/** By family of addresses, who has a say, and where else than to loopback commands may connect: to the cluster's pods. */
const FAMILIES = [
    { program: "iptables", pods: ["!", "--destination", addresses.podRange] },
    { program: "ip6tables", pods: [] },
] as const;

const MARK = "flts-offline";

function rule(pods: readonly string[]): string[] {
    return [
        ...["OUTPUT", "--match", "owner", "--gid-owner", String(OFFLINE_GROUP)],
        ...["!", "--out-interface", "lo", ...pods, "--match", "comment", "--comment", MARK],
        ...["--jump", "REJECT"],
    ];
}

/**
 * Does `work` while the kernel refuses commands of OFFLINE_GROUP every connection that leaves this machine and its cluster.
 * Gives the number of packets that they tried to send out meanwhile.
 */
export async function whileOffline(work: () => Promise<void>): Promise<number> {
    for (const { program, pods } of FAMILIES) {
        await succeed(program, ["--insert", ...rule(pods)]);
    }
    try {
        const probe = await run("bash", ["-c", `exec 3<>/dev/tcp/${OUTSIDE}/9`], { group: OFFLINE_GROUP });
        assert.notEqual(probe.code, 0, "a command of the group reached the network");
        const before = await refusedPackets();
        assert.ok(before > 0, "no rule refused the probe");
        await work();
        return (await refusedPackets()) - before;
    } finally {
        for (const { program, pods } of FAMILIES) {
            await succeed(program, ["--delete", ...rule(pods)]);
        }
    }
}

async function refusedPackets(): Promise<number> {
    const counted = await Promise.all(
        FAMILIES.map(({ program }) =>
            succeed(program, ["--list", "OUTPUT", "--verbose", "--exact", "--numeric"]),
        ),
    );
    return counted
        .flatMap((text) => text.split("\n"))
        .filter((line) => line.includes(MARK))
        .reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[0]), 0);
}
