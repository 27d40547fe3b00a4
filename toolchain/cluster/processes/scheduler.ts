import { join } from "node:path";
import { componentKubeconfig } from "../kubeconfig";
import { addresses, ports, type Layout } from "../layout";
import { authorityFiles, certificateFiles } from "../pki";
import { answers } from "../probes";
import type { Daemon } from "../processes";
import { builtTool } from "../tools";

/** Assigns pods to the node, and with that checks their requests against what it has. */
export function scheduler(layout: Layout): Daemon {
    const kubeconfig = join(layout.config, "scheduler.kubeconfig");
    const serving = certificateFiles(layout, "component-server");
    return {
        name: "kube-scheduler",
        command: builtTool("kubernetes"),
        arguments: [
            "kube-scheduler",
            `--kubeconfig=${kubeconfig}`,
            `--authentication-kubeconfig=${kubeconfig}`,
            `--authorization-kubeconfig=${kubeconfig}`,
            `--bind-address=${addresses.node}`,
            `--secure-port=${ports.scheduler}`,
            `--tls-cert-file=${serving.certificate}`,
            `--tls-private-key-file=${serving.key}`,
            `--client-ca-file=${authorityFiles(layout, "kubernetes").certificate}`,
            // One instance: an election would only delay its restart.
            "--leader-elect=false",
            "--profiling=false",
        ],
        files: { [kubeconfig]: componentKubeconfig(layout, "scheduler") },
        ready: () =>
            answers(`https://${addresses.node}:${ports.scheduler}/healthz`, {
                layout,
                authority: "kubernetes",
                client: "admin",
            }),
    };
}
