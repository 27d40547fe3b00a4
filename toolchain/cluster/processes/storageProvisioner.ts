import { join } from "node:path";
import { componentKubeconfig } from "../kubeconfig";
import { addresses, nodeName, ports, type Layout } from "../layout";
import { answers } from "../probes";
import type { Daemon } from "../processes";
import { builtTool } from "../tools";

/** Name by which the StorageClass asks for this provisioner. */
export const provisionerName = "flts.dev/directory";

/** Gives claims of the default StorageClass a directory each. */
export function storageProvisioner(layout: Layout): Daemon {
    const kubeconfig = join(layout.config, "storage-provisioner.kubeconfig");
    return {
        name: "storage-provisioner",
        command: builtTool("storage-provisioner"),
        arguments: [
            `--kubeconfig=${kubeconfig}`,
            `--directory=${layout.volumes}`,
            `--node=${nodeName}`,
            `--name=${provisionerName}`,
            `--metrics-address=${addresses.node}`,
            `--metrics-port=${ports.storageProvisioner}`,
        ],
        files: { [kubeconfig]: componentKubeconfig(layout, "storage-provisioner") },
        ready: () => answers(`http://${addresses.node}:${ports.storageProvisioner}/metrics`),
    };
}
