import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { shimSocketDirectory } from "../../toolchain/cluster/host/snapshot";
import { namesIn, removeIfEmpty } from "../../toolchain/cluster/host/volatileFiles";
import { clusterLayout, type Layout } from "../../toolchain/cluster/layout";
import { ownerOfMachine } from "../../toolchain/cluster/owner";
import { drive, kubectl } from "./support/driver";
import { eventually } from "./support/probes";
import { shimOf } from "./support/shims";

/** Socket of another container runtime, such as Docker's, that nobody listens at for the moment. */
const ANOTHER = "of-another-runtime";

describe("embedded cluster beside another container runtime", function () {
    this.timeout(180_000);
    const directory = mkdtempSync(join(tmpdir(), "flts-deleted-state-"));
    const state = join(directory, "state");
    const layout: Layout = clusterLayout({ FLTS_STATE: state });
    let socketsBefore: readonly string[];

    before(() => {
        mkdirSync(shimSocketDirectory, { recursive: true });
        writeFileSync(join(shimSocketDirectory, ANOTHER), "");
        socketsBefore = namesIn(shimSocketDirectory);
    });

    after(() => {
        if (ownerOfMachine(layout) !== undefined) {
            drive("down", state);
        }
        rmSync(directory, { recursive: true, force: true });
        rmSync(join(shimSocketDirectory, ANOTHER), { force: true });
        removeIfEmpty(shimSocketDirectory);
        removeIfEmpty(join(shimSocketDirectory, ".."));
    });

    it("starts again after its state directory was deleted manually, with pods and mounts left", () => {
        assert.equal(drive("up", state).code, 0);
        // Mounts of pods are busy: it ends with an error and has deleted everything else.
        spawnSync("rm", ["--recursive", "--force", state]);
        const { code, output } = drive("up", state);
        assert.equal(code, 0, output);
    });

    it("removes the sockets of its own killed shims when it is deleted, and no others", async () => {
        const select = ["--namespace", "kube-system", "--selector=k8s-app=metrics-server"];
        const pod = eventually(() => {
            const name = kubectl(state, [
                "get",
                "pods",
                ...select,
                "--output=jsonpath={.items[0].metadata.name}",
            ]);
            return name === "" ? assert.fail("no pod") : name;
        });
        process.kill(shimOf(layout, "kube-system", await pod), "SIGKILL");
        await sleep(3000);
        const { code, output } = drive("down", state);
        assert.equal(code, 0, output);
        assert.deepEqual(namesIn(shimSocketDirectory).toSorted(), socketsBefore.toSorted());
    });
});
