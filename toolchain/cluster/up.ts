import { existsSync, mkdirSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withLock } from "../build/lock";
import { formatDuration, Progress, type Console } from "../console";
import { applyObjects } from "./addons/apply";
import { corednsObjects } from "./addons/coredns";
import { storageObjects } from "./addons/storage";
import { hostResolverFile, upstreamServers } from "./components/kubelet";
import { daemonNames, describeDaemons, type DaemonName } from "./daemons";
import { inspect, type Check } from "./health";
import { ensureNodeAddress } from "./host/addresses";
import { ensureControlGroup } from "./host/controlGroups";
import { ensurePodNetworkRules } from "./host/iptables";
import { ensureHostSnapshot } from "./host/snapshot";
import { loadImages } from "./images";
import { writeAdminKubeconfig } from "./kubeconfig";
import { contextName, type Layout } from "./layout";
import { claimMachine, refuseOtherOwner } from "./owner";
import { ensurePki } from "./pki";
import { preflight, requireRoot } from "./preflight";
import { ensureDaemon, isCurrent, logPath, waitUntilReady, type Daemon } from "./processes";
import { scratchImage, writeArchive } from "./scratchImage";
import { readFileSync } from "node:fs";
import { builtTool } from "./tools";

/** How long the started cluster may take to become usable, in milliseconds. */
const settlingTime = 120_000;

/** True if all processes run as they should, and the cluster works. */
async function isUp(layout: Layout, daemons: readonly Daemon[]): Promise<boolean> {
    return (
        existsSync(layout.kubeconfig) &&
        daemons.every((daemon) => isCurrent(layout, daemon)) &&
        (await inspect(layout)).every((check) => check.healthy)
    );
}

async function prepareMachine(layout: Layout): Promise<void> {
    mkdirSync(layout.root, { recursive: true, mode: 0o711 });
    mkdirSync(layout.volumes, { recursive: true });
    ensureHostSnapshot(layout);
    claimMachine(layout);
    await ensurePki(layout);
    writeAdminKubeconfig(layout);
    ensureControlGroup();
    await ensureNodeAddress();
    await ensurePodNetworkRules();
}

/** The checks that fail, one a line, with the logs that may tell why. */
export function describeTrouble(layout: Layout, checks: readonly Check[]): string {
    return [
        ...checks.filter((check) => !check.healthy).map((check) => `  ${check.name}: ${check.detail}`),
        `Logs: ${logPath(layout, "kubelet")} and its neighbours`,
    ].join("\n");
}

async function waitUntilUsable(layout: Layout, report: (detail: string) => void): Promise<void> {
    const deadline = Date.now() + settlingTime;
    for (;;) {
        const checks = await inspect(layout);
        const failing = checks.filter((check) => !check.healthy);
        if (failing.length === 0) {
            return;
        }
        if (Date.now() > deadline) {
            throw new Error(
                `the cluster is not usable after ${settlingTime / 1000} s:\n${describeTrouble(layout, checks)}`,
            );
        }
        report(`waiting for ${failing.map((check) => check.name).join(", ")}`);
        await sleep(200);
    }
}

async function start(
    layout: Layout,
    daemons: Readonly<Record<DaemonName, Daemon>>,
    console: Console,
): Promise<void> {
    const progress = new Progress(console);
    const launch = async (...names: readonly DaemonName[]): Promise<void> => {
        await Promise.all(names.map((name) => ensureDaemon(layout, daemons[name])));
    };
    const ready = async (...names: readonly DaemonName[]): Promise<void> => {
        await Promise.all(names.map((name) => waitUntilReady(layout, daemons[name])));
    };

    await progress.step("Prepare certificates, addresses and control groups", {}, () =>
        prepareMachine(layout),
    );
    await progress.step("Start etcd, API server and containerd", {}, async () => {
        await launch("etcd", "containerd");
        await ready("etcd");
        await launch("kube-apiserver");
        await ready("kube-apiserver", "containerd");
    });
    const coredns = await scratchImage(builtTool("coredns"));
    const pause = await scratchImage(builtTool("pause"));
    await progress.step("Load the cluster's own images", {}, async (report) => {
        const archives = [await writeArchive(layout, pause), await writeArchive(layout, coredns)];
        await loadImages(
            archives,
            (done, total, archive) => {
                report(done / total, basename(archive));
            },
            layout,
        );
    });
    await progress.step("Start controllers, scheduler, kubelet and proxy", {}, async () => {
        const rest = daemonNames.slice(daemonNames.indexOf("kube-controller-manager"));
        await launch(...rest);
        await ready(...rest);
    });
    await progress.step("Set up DNS and storage", {}, async () => {
        const upstream = upstreamServers(readFileSync(hostResolverFile(), "utf8"));
        await applyObjects(layout, [
            ...storageObjects(),
            ...corednsObjects(coredns.reference, upstream.length > 0),
        ]);
    });
    await progress.step("Wait for node, DNS and storage", {}, async (report) => {
        await waitUntilUsable(layout, (detail) => {
            report(undefined, detail);
        });
    });
}

/**
 * Brings the embedded cluster up, or heals what is broken of it; does nothing if it is up and well. Throws a `UserError`
 * for what the user has to put right, and an error with the end of a log for what fails on the way.
 */
export async function up(layout: Layout, console: Console): Promise<void> {
    const started = Date.now();
    requireRoot("starting the embedded cluster");
    refuseOtherOwner(layout);
    const waiting = (holder: string): void => {
        console.line(`Waiting for another run of this command (process ${holder}) to end`);
    };
    await withLock(layout.lock, waiting, async () => {
        const pause = await scratchImage(builtTool("pause"));
        const daemons = describeDaemons(layout, pause.reference);
        const wasUp = await isUp(layout, Object.values(daemons));
        if (!wasUp) {
            await preflight(layout);
            await start(layout, daemons, console);
        }
        console.line(
            `Embedded cluster is ${wasUp ? "up already" : `up after ${formatDuration(Date.now() - started)}`}: ` +
                `context ${contextName} in ${layout.kubeconfig}`,
        );
    });
}
