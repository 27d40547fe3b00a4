import { join } from "node:path";
import { componentKubeconfig } from "../kubeconfig";
import { addresses, ports, type Layout } from "../layout";
import { authorityFiles, certificateFiles, serviceAccountFiles } from "../pki";
import { answers } from "../probes";
import type { Daemon } from "../processes";
import { builtTool } from "../tools";

/** Runs the controllers: Deployments, Jobs, endpoints, garbage collection and so on. */
export function controllerManager(layout: Layout): Daemon {
    const kubeconfig = join(layout.config, "controller-manager.kubeconfig");
    const ca = authorityFiles(layout, "kubernetes");
    const serving = certificateFiles(layout, "component-server");
    return {
        name: "kube-controller-manager",
        command: builtTool("kubernetes"),
        arguments: [
            "kube-controller-manager",
            `--kubeconfig=${kubeconfig}`,
            `--authentication-kubeconfig=${kubeconfig}`,
            `--authorization-kubeconfig=${kubeconfig}`,
            `--bind-address=${addresses.node}`,
            `--secure-port=${ports.controllerManager}`,
            `--tls-cert-file=${serving.certificate}`,
            `--tls-private-key-file=${serving.key}`,
            `--client-ca-file=${ca.certificate}`,
            `--root-ca-file=${ca.certificate}`,
            `--cluster-signing-cert-file=${ca.certificate}`,
            `--cluster-signing-key-file=${ca.key}`,
            `--service-account-private-key-file=${serviceAccountFiles(layout).key}`,
            `--service-cluster-ip-range=${addresses.serviceRange}`,
            "--use-service-account-credentials=true",
            // One instance: an election would only delay its restart.
            "--leader-elect=false",
            "--profiling=false",
        ],
        files: { [kubeconfig]: componentKubeconfig(layout, "controller-manager") },
        ready: () =>
            answers(`https://${addresses.node}:${ports.controllerManager}/healthz`, {
                layout,
                authority: "kubernetes",
                client: "admin",
            }),
    };
}
