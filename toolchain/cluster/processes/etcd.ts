import { addresses, nodeName, ports, type Layout } from "../layout";
import { authorityFiles, certificateFiles } from "../pki";
import { answers } from "../probes";
import type { Daemon } from "../processes";
import { builtTool } from "../tools";

/**
 * The cluster's database. Clients need a certificate, because the node's address is open to every user of the machine
 * and etcd holds all Secrets.
 */
export function etcd(layout: Layout): Daemon {
    const client = `https://${addresses.node}:${ports.etcd}`;
    const peer = `https://${addresses.node}:${ports.etcdPeer}`;
    const ca = authorityFiles(layout, "etcd").certificate;
    const { certificate, key } = certificateFiles(layout, "etcd-server");
    return {
        name: "etcd",
        command: builtTool("kubernetes"),
        arguments: [
            "etcd",
            `--name=${nodeName}`,
            `--data-dir=${layout.etcd}`,
            `--listen-client-urls=${client}`,
            `--advertise-client-urls=${client}`,
            `--listen-peer-urls=${peer}`,
            `--initial-advertise-peer-urls=${peer}`,
            `--initial-cluster=${nodeName}=${peer}`,
            "--client-cert-auth",
            `--trusted-ca-file=${ca}`,
            `--cert-file=${certificate}`,
            `--key-file=${key}`,
            "--peer-client-cert-auth",
            `--peer-trusted-ca-file=${ca}`,
            `--peer-cert-file=${certificate}`,
            `--peer-key-file=${key}`,
            // A development cluster may lose its last writes when the machine (not etcd) dies; waiting for the disk
            // at each write makes everything slower.
            "--unsafe-no-fsync",
            "--auto-compaction-mode=periodic",
            "--auto-compaction-retention=1h",
            "--log-level=warn",
        ],
        ready: () => answers(`${client}/health`, { layout, authority: "etcd", client: "etcd-client" }),
    };
}
