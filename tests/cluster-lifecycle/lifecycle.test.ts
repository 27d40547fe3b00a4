import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { daemonNames } from "../../toolchain/cluster/daemons";
import { loadImages } from "../../toolchain/cluster/ownImages";
import { addresses, clusterLayout, ports, type Layout } from "../../toolchain/cluster/layout";
import { ownerOfMachine } from "../../toolchain/cluster/owner";
import { daemonProcess } from "../../toolchain/cluster/processes";
import { scratchImage, writeArchive } from "../../toolchain/cluster/scratchImage";
import { runDocumented } from "../support/documented";
import { drive, kubectl, startDriving } from "./support/driver";
import { additions, listMachine, type Machine } from "./support/machine";
import { namespace, privilegedPod, probeObjects, processorLimit } from "./support/objects";
import { testNetwork } from "./support/network";
import { eventually, kubectlInNamespace, probeIn } from "./support/probes";
import { shimOf } from "./support/shims";

describe("embedded cluster", function () {
    this.timeout(180_000);
    let directory: string;
    let state: string;
    /** Environment in which `make` works on the cluster of this test. */
    let environment: NodeJS.ProcessEnv;
    let layout: Layout;
    let machineBefore: Machine;
    let probeImage: string;

    const inNamespace = (...commandArguments: string[]): string =>
        kubectlInNamespace(state, ...commandArguments);
    const inProbe = (...commandArguments: string[]): string => probeIn("probe", state, ...commandArguments);
    const restarts = (): string =>
        inNamespace("get", "pod", "probe", "--output=jsonpath={.status.containerStatuses[0].restartCount}");

    /** Bytes that the probe uses as the kubelet reports it, 0 while it has not measured yet. */
    function probeMemory(): number {
        const text = kubectl(state, ["get", "--raw", "/api/v1/nodes/flts/proxy/stats/summary"]);
        const { pods } = JSON.parse(text) as {
            pods: { podRef: { name: string }; memory?: { workingSetBytes?: number } }[];
        };
        return pods.find((pod) => pod.podRef.name === "probe")?.memory?.workingSetBytes ?? 0;
    }

    async function buildProbe(): Promise<void> {
        const program = join(directory, "probe");
        execFileSync("go", ["build", "-trimpath", "-o", program, "."], {
            cwd: join(__dirname, "probe"),
            env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false", GOWORK: "off" },
        });
        const image = await scratchImage(program);
        probeImage = image.reference;
        await loadImages([await writeArchive(layout, image)], undefined, layout);
    }

    before(() => {
        const owner = ownerOfMachine(clusterLayout());
        assert.equal(
            owner,
            undefined,
            `an embedded cluster is up (FLTS_STATE=${owner}), and this test needs its addresses: stop it with \`make cluster-down\``,
        );
        directory = mkdtempSync(join(tmpdir(), "flts-lifecycle-"));
        state = join(directory, "state");
        environment = { FLTS_STATE: state };
        layout = clusterLayout({ FLTS_STATE: state });
        machineBefore = listMachine(state);
    });

    after(() => {
        const left = ownerOfMachine(layout) === undefined ? undefined : drive("down", state);
        rmSync(directory, { recursive: true, force: true });
        assert.ok(left === undefined || left.code === 0, left?.output);
    });

    it("the cluster is not running at first, and status names the command that starts it", () => {
        const outcome = drive("status", state);
        assert.equal(outcome.code, 1);
        assert.match(outcome.output, /make cluster-up/);
    });

    it("names the port that is in use, and the process that uses it", async () => {
        const server = createServer();
        await new Promise<void>((resolve) => server.listen(ports.apiServer, "0.0.0.0", resolve));
        try {
            const outcome = drive("up", state);
            assert.equal(outcome.code, 1);
            assert.match(outcome.output, new RegExp(`port ${ports.apiServer},.*process ${process.pid} `));
            assert.doesNotMatch(outcome.output, /^ +at /m);
        } finally {
            server.close();
        }
    });

    it("the cluster can be interrupted while it starts", async () => {
        const interrupted = startDriving("up", state);
        const ended = new Promise((resolve) => interrupted.once("close", resolve));
        await new Promise<void>((resolve) => {
            interrupted.stderr.on("data", (chunk: Buffer) => {
                if (chunk.toString().includes("Start etcd")) {
                    resolve();
                }
            });
        });
        interrupted.kill("SIGKILL");
        await ended;
        assert.equal(drive("status", state).code, 1);
    });

    // Promise: local-testing-without-your
    it("starts within 60 seconds", () => {
        const outcome = drive("up", state);
        assert.equal(outcome.code, 0, outcome.output);
        assert.ok(outcome.seconds < 60, `took ${outcome.seconds} s`);
        assert.equal(drive("status", state).code, 0);
    });

    it("does nothing when it is already running", () => {
        const processes = daemonNames.map((name) => daemonProcess(layout, name));
        const outcomes = [1, 2, 3].map(() => drive("up", state));
        for (const outcome of outcomes) {
            assert.match(outcome.output, /up already/);
        }
        // The best of three: the machine may have other work, and the driver's own takes half of this.
        const seconds = Math.min(...outcomes.map((outcome) => outcome.seconds));
        assert.ok(seconds < 4, `took ${seconds} s`);
        assert.deepEqual(
            daemonNames.map((name) => daemonProcess(layout, name)),
            processes,
        );
    });

    it("refuses a second cluster on the machine", () => {
        const outcome = drive("up", join(directory, "other"));
        assert.equal(outcome.code, 1);
        assert.ok(outcome.output.includes(`FLTS_STATE=${state}`), outcome.output);
    });

    it("lets only root read its kubeconfig", () => {
        assert.equal(
            execFileSync("stat", ["-c", "%a", layout.kubeconfig], { encoding: "utf8" }).trim(),
            "600",
        );
        assert.equal(kubectl(state, ["config", "current-context"]).trim(), "flts-embedded");
    });

    it("runs a restricted pod on a volume that its group may write", async () => {
        await buildProbe();
        const objects = JSON.stringify(probeObjects(probeImage));
        kubectl(state, ["apply", "--filename=-"], objects);
        inNamespace("wait", "--for=condition=Ready", "pod/probe", "--timeout=60s");
        assert.equal(inNamespace("get", "pvc", "data", "--output=jsonpath={.status.phase}"), "Bound");
        inProbe("write", "/data/note", "kept");
        assert.equal(inProbe("read", "/data/note"), "kept");
    });

    it("hides volumes from other users of the machine", () => {
        const [volume = ""] = readdirSync(layout.volumes);
        const path = join(layout.volumes, volume, "note");
        assert.equal(readFileSync(path, "utf8"), "kept");
        const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        for (const command of [
            ["cat", path],
            ["ls", layout.volumes],
        ]) {
            assert.throws(
                () => execFileSync("setpriv", [...nobody, ...command], { stdio: "pipe" }),
                /Permission denied/,
            );
        }
    });

    it("refuses what Pod Security does not allow", () => {
        const object = JSON.stringify(privilegedPod(probeImage));
        assert.throws(
            () => kubectl(state, ["apply", "--filename=-"], object),
            /violates PodSecurity "restricted/,
        );
    });

    testNetwork(
        () => state,
        () => probeImage,
    );

    it("enforces the CPU limit of a pod and measures its CPU use", async () => {
        const used = Number(inProbe("burn"));
        assert.ok(used < processorLimit * 1.25, `used ${used} of ${processorLimit} processors`);
        await eventually(() => {
            assert.ok(probeMemory() > 0, "the kubelet measures no memory use");
        });
    });

    // Promise: see-used
    it("serves kubectl top for the node and its pods", async () => {
        const measured = /^\S+\s+[1-9]\d*m\s/m;
        await eventually(() => {
            assert.match(kubectl(state, ["top", "node", "flts", "--no-headers"]), measured);
            assert.match(inNamespace("top", "pod", "probe", "--no-headers"), /^probe\s+\d+m\s+[1-9]\d*Mi/m);
        });
    });

    for (const name of daemonNames) {
        it(`restarts ${name} after kill -9, without a restart of pods`, async () => {
            const old = daemonProcess(layout, name);
            assert.ok(old !== undefined);
            process.kill(old, "SIGKILL");
            await sleep(500);
            assert.equal(drive("status", state).code, 1);
            const outcome = drive("up", state);
            assert.equal(outcome.code, 0, outcome.output);
            assert.notEqual(daemonProcess(layout, name), old);
            assert.equal(inProbe("read", "/data/note"), "kept");
            assert.equal(restarts(), "0");
        });
    }

    it("restarts all of its processes at once", () => {
        const processes = daemonNames.map((name) => daemonProcess(layout, name));
        for (const pid of processes) {
            // Signalling process 0 would end the test's own process group.
            assert.ok(pid !== undefined);
            process.kill(pid, "SIGKILL");
        }
        const outcome = drive("up", state);
        assert.equal(outcome.code, 0, outcome.output);
        assert.equal(inProbe("read", "/data/note"), "kept");
    });

    it("restarts a pod whose shim was killed", async () => {
        process.kill(shimOf(layout, namespace, "probe"), "SIGKILL");
        await sleep(3000);
        assert.equal(drive("up", state).code, 0);
        inNamespace("wait", "--for=condition=Ready", "pod/probe", "--timeout=90s");
        assert.equal(inProbe("read", "/data/note"), "kept");
    });

    it("restores the node's address and the firewall's rules", async () => {
        execFileSync("ip", ["address", "delete", `${addresses.node}/32`, "dev", "lo"]);
        execFileSync("iptables", ["-t", "nat", "-F", "FLTS-POSTROUTING"]);
        assert.equal(drive("status", state).code, 1);
        await runDocumented("toolchain/cluster/README.md", "make cluster-up", { environment });
        await runDocumented("toolchain/cluster/README.md", "make status", { environment });
    });

    it("deletes a volume with its claim", async () => {
        inNamespace("delete", "pod/probe", "pvc/data", "--timeout=60s");
        await eventually(() => {
            assert.equal(kubectl(state, ["get", "pv", "--output=name"]).trim(), "");
        });
        assert.equal(execFileSync("ls", ["-A", layout.volumes], { encoding: "utf8" }), "");
    });

    // Promise: local-testing-without-your
    it("leaves nothing on the machine when it is deleted, whatever ran in it", () => {
        kubectl(state, ["apply", "--filename=-"], JSON.stringify(probeObjects(probeImage)));
        inNamespace("wait", "--for=condition=Ready", "pod/probe", "--timeout=60s");
        const outcome = drive("down", state);
        assert.equal(outcome.code, 0, outcome.output);
        assert.deepEqual(additions(machineBefore, listMachine(state)), []);
        assert.deepEqual(additions(listMachine(state), machineBefore), []);
        assert.doesNotMatch(readFileSync("/proc/mounts", "utf8"), /flts-lifecycle/);
    });

    it("the cluster can be deleted twice", async () => {
        await runDocumented("toolchain/cluster/README.md", "make cluster-down", { environment });
    });
});
