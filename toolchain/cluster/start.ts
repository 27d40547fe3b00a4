import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import pWaitFor from "p-wait-for";
import { Progress, type Console } from "../console";
import { applyObjects } from "./addons/apply";
import { controllerObjects } from "./addons/controllers";
import { corednsObjects } from "./addons/coredns";
import { metricsServerObjects } from "./addons/metricsServer";
import { storageObjects } from "./addons/storage";
import { hostResolverFile, upstreamServers } from "./processes/kubelet";
import { daemonNames, type DaemonName } from "./daemons";
import { removeOrphanedCluster, stateWasDeleted } from "./down";
import { inspect, type Check } from "./health";
import { ensureNodeAddress } from "./host/addresses";
import { ensureControlGroup } from "./host/controlGroups";
import { ensurePodNetworkRules } from "./host/iptables";
import { ensureHostSnapshot } from "./host/snapshot";
import { loadImages } from "./ownImages";
import { writeAdminKubeconfig } from "./kubeconfig";
import type { Layout } from "./layout";
import { endOrphans } from "./orphans";
import { claimMachine, refuseOtherOwner } from "./owner";
import { ensurePki } from "./pki";
import { preflight } from "./preflight";
import { ensureDaemon, logPath, stopDaemon, waitUntilReady, type Daemon } from "./processes";
import { scratchImage, writeArchive } from "./scratchImage";
import { builtTool } from "./tools";

/** How long the started cluster may take to become usable, in milliseconds. */
const settlingTime = 120_000;

async function prepareMachine(layout: Layout): Promise<void> {
    mkdirSync(layout.root, { recursive: true, mode: 0o711 });
    mkdirSync(layout.volumes, { recursive: true });
    // Pods have their volumes mounted; the machine's other users have no business there. Not by mkdir's mode: the
    // folder may be there, from before 0.2.0 with another one.
    chmodSync(layout.volumes, 0o700);
    ensureHostSnapshot(layout);
    claimMachine(layout);
    await ensurePki(layout);
    writeAdminKubeconfig(layout);
    ensureControlGroup();
    await ensureNodeAddress();
    await ensurePodNetworkRules();
}

/** The checks that fail, one a line, with the logs that may say why. */
function describeTrouble(layout: Layout, checks: readonly Check[]): string {
    return [
        ...checks.filter((check) => !check.healthy).map((check) => `  ${check.name}: ${check.detail}`),
        `Logs: ${logPath(layout, "kubelet")} and its neighbours`,
    ].join("\n");
}

async function waitUntilUsable(layout: Layout, report: (detail: string) => void): Promise<void> {
    let checks: readonly Check[] = [];
    const isUsable = async (): Promise<boolean> => {
        checks = await inspect(layout);
        const failing = checks.filter((check) => !check.healthy);
        if (failing.length > 0) {
            report(`waiting for ${failing.map((check) => check.name).join(", ")}`);
        }
        return failing.length === 0;
    };
    await pWaitFor(isUsable, {
        interval: 200,
        timeout: {
            milliseconds: settlingTime,
            fallback: () => {
                throw new Error(
                    `the cluster is not usable after ${settlingTime / 1000} s:\n${describeTrouble(layout, checks)}`,
                );
            },
        },
    });
}

/** Checks the machine, then starts, step by step, whatever of the cluster does not run as it should. */
export async function start(
    layout: Layout,
    daemons: Readonly<Record<DaemonName, Daemon>>,
    console: Console,
): Promise<void> {
    const progress = new Progress(console);
    const launch = async (...names: readonly DaemonName[]): Promise<boolean[]> =>
        await Promise.all(names.map((name) => ensureDaemon(layout, daemons[name])));
    const ready = async (...names: readonly DaemonName[]): Promise<void> => {
        await Promise.all(names.map((name) => waitUntilReady(layout, daemons[name])));
    };

    await progress.step("Check the machine", {}, async () => {
        if (stateWasDeleted(layout)) {
            refuseOtherOwner(layout);
            await removeOrphanedCluster(layout);
        }
        await endOrphans(layout, Object.values(daemons));
        await preflight(layout);
    });
    await progress.step("Prepare certificates, addresses and control groups", {}, () =>
        prepareMachine(layout),
    );
    await progress.step("Start etcd, API server and containerd", {}, async () => {
        const [, newRuntime] = await launch("etcd", "containerd");
        if (newRuntime === true) {
            // A kubelet that saw its runtime die leaves it alone for a while, in which exec and logs fail.
            await stopDaemon(layout, "kubelet");
        }
        await ready("etcd");
        await launch("kube-apiserver");
        await ready("kube-apiserver", "containerd");
    });
    const pause = await scratchImage(builtTool("pause"));
    const coredns = await scratchImage(builtTool("coredns"));
    const metricsServer = await scratchImage(builtTool("metrics-server"));
    await progress.step("Load the cluster's own images", {}, async (report) => {
        const archives: string[] = [];
        for (const image of [pause, coredns, metricsServer]) {
            archives.push(await writeArchive(layout, image));
        }
        await loadImages(
            archives,
            (done, total, archive) => {
                report(done / total, basename(archive));
            },
            layout,
        );
    });
    await progress.step("Start controllers, scheduler, kubelet and proxy", {}, async () => {
        // What the cluster's own processes may do, before they try.
        await applyObjects(layout, [...storageObjects(), ...controllerObjects()]);
        const rest = daemonNames.slice(daemonNames.indexOf("kube-controller-manager"));
        await launch(...rest);
        await ready(...rest);
    });
    await progress.step("Set up DNS and metrics", {}, async () => {
        const upstream = upstreamServers(readFileSync(hostResolverFile(), "utf8"));
        await applyObjects(layout, [
            ...corednsObjects(coredns.reference, upstream.length > 0),
            ...metricsServerObjects(metricsServer.reference),
        ]);
    });
    await progress.step("Wait for node, DNS, storage and metrics", {}, async (report) => {
        await waitUntilUsable(layout, (detail) => {
            report(undefined, detail);
        });
    });
}
