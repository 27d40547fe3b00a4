import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toolPath } from "../../toolchain/tools/paths";
import { clusterLayout, nodeName } from "../../toolchain/cluster/layout";
import { kubectl, kubectlApply } from "./commands";
import { STAGES } from "./simulatedStages";

/** Label by which kwok knows the nodes that it plays. */
const SIMULATED = "flts.dev/simulated";
/** Addresses of pods that nobody runs; the embedded cluster's own lie elsewhere. */
const POD_RANGE = "10.99.0.0/16";
/** Address that all simulated nodes have; nothing answers there. */
const NODE_ADDRESS = "10.254.0.2";

/** Extended resource that NVIDIA's device plugin offers: https://github.com/NVIDIA/k8s-device-plugin */
const GPU = "nvidia.com/gpu";

/** A node in a zone, with room for what a cloud's usual machine has, and for so many GPUs; then with their usual taint. */
function node(name: string, zone: string, gpus = 0): object {
    const capacity = {
        cpu: "16",
        memory: "64Gi",
        "ephemeral-storage": "200Gi",
        pods: "110",
        ...(gpus === 0 ? {} : { [GPU]: String(gpus) }),
    };
    return {
        apiVersion: "v1",
        kind: "Node",
        metadata: {
            name,
            labels: {
                [SIMULATED]: "yes",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "topology.kubernetes.io/zone": zone,
            },
        },
        spec: gpus === 0 ? {} : { taints: [{ key: GPU, value: "present", effect: "NoSchedule" }] },
        status: { capacity, allocatable: capacity },
    };
}

/** Volumes that exist by name only, for claims of one class. */
function volumes(count: number, storageClassName: string): object[] {
    return Array.from({ length: count }, (_, index) => ({
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name: `${storageClassName}-${index}`, labels: { [SIMULATED]: "yes" } },
        spec: {
            capacity: { storage: "1Ti" },
            accessModes: ["ReadWriteOnce"],
            persistentVolumeReclaimPolicy: "Retain",
            storageClassName,
            hostPath: { path: `/nonexistent/${storageClassName}-${index}` },
        },
    }));
}

/**
 * Nodes that only say that they are there, and pods on them that only say that they run: kwok plays their kubelets.
 *
 * The scheduler, the controllers and the API server are the embedded cluster's own, so that what they decide (where
 * replicas go, whether a pod may be evicted, how many there are) is decided as in a cluster of many machines. The
 * embedded cluster's real node takes no new pods meanwhile.
 */
export class SimulatedNodes {
    private readonly directory = mkdtempSync(join(tmpdir(), "flts-kwok-"));
    private readonly log = join(this.directory, "kwok.log");
    private readonly kwok: ChildProcess;

    private constructor() {
        const stages = join(this.directory, "stages.json");
        writeFileSync(stages, STAGES.map((stage) => JSON.stringify(stage)).join("\n---\n"));
        const log = openSync(this.log, "w");
        this.kwok = spawn(
            toolPath("kwok"),
            [
                `--config=${stages}`,
                `--kubeconfig=${clusterLayout().kubeconfig}`,
                `--manage-nodes-with-label-selector=${SIMULATED}=yes`,
                "--node-lease-duration-seconds=40",
                `--cidr=${POD_RANGE}`,
                `--node-ip=${NODE_ADDRESS}`,
            ],
            { stdio: ["ignore", log, log] },
        );
        // A test that fails must not wait for it.
        this.kwok.unref();
    }

    /**
     * @param zones of the nodes, one each.
     * @param gpus of one more node in the first zone, `simulated-gpu`; none without.
     */
    static async start(zones: readonly string[], gpus = 0): Promise<SimulatedNodes> {
        const nodes = new SimulatedNodes();
        try {
            await kubectl("cordon", nodeName);
            await kubectlApply([
                ...zones.map((zone) => node(`simulated-${zone}`, zone)),
                ...(gpus === 0 ? [] : [node("simulated-gpu", zones[0] ?? "", gpus)]),
            ]);
            await kubectl("wait", "--for=condition=Ready", "nodes", "--selector", SIMULATED, "--timeout=60s");
        } catch (error) {
            const said = readFileSync(nodes.log, "utf8");
            await nodes.stop();
            throw new Error(`${String(error)}\nkwok said:\n${said}`, { cause: error });
        }
        return nodes;
    }

    /** Makes volumes for the claims of a class that nothing provisions, which is made too. */
    async storage(source: string, storageClassName: string, count: number): Promise<void> {
        await kubectlApply([
            {
                apiVersion: "storage.k8s.io/v1",
                kind: "StorageClass",
                metadata: { name: source, labels: { [SIMULATED]: "yes" } },
                provisioner: "kubernetes.io/no-provisioner",
                reclaimPolicy: "Delete",
                volumeBindingMode: "WaitForFirstConsumer",
            },
            ...volumes(count, storageClassName),
        ]);
    }

    /** Takes nodes, volumes and kwok away, and gives the real node back. */
    async stop(): Promise<void> {
        const all = ["--selector", SIMULATED, "--ignore-not-found"];
        await kubectl("delete", "nodes", ...all);
        await kubectl("delete", "persistentvolumes", ...all);
        await kubectl("delete", "storageclasses", ...all);
        await kubectl("uncordon", nodeName);
        this.kwok.kill();
        rmSync(this.directory, { recursive: true });
    }
}
