import { execFileSync } from "node:child_process";
import type { Layout } from "../../../toolchain/cluster/layout";
import { textOf } from "../../../toolchain/cluster/host/volatileFiles";
import { markerVariable } from "../../../toolchain/cluster/processes";
import { processesWithEnvironment } from "../../../toolchain/cluster/procfs";

/** Process of the shim that holds the containers of a pod. Throws if there is none. */
export function shimOf(layout: Layout, namespace: string, pod: string): number {
    const filter = [
        `labels."io.kubernetes.pod.namespace"==${namespace}`,
        `labels."io.kubernetes.pod.name"==${pod}`,
        'labels."io.cri-containerd.kind"==sandbox',
    ].join(",");
    const sandbox = execFileSync(
        "ctr",
        ["--address", layout.containerdSocket, "-n", "k8s.io", "containers", "list", "--quiet", filter],
        { encoding: "utf8" },
    ).trim();
    const shim = processesWithEnvironment(markerVariable, layout.root).find((pid) =>
        textOf(`/proc/${pid}/cmdline`)?.split("\0").includes(sandbox),
    );
    if (sandbox === "" || shim === undefined) {
        throw new Error(`no shim of pod ${namespace}/${pod}`);
    }
    return shim;
}
