import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterLayout, type Layout } from "../../toolchain/cluster/layout";
import { deleteState, finishDeletion, hasState } from "../../toolchain/cluster/state";

describe("the embedded cluster's state", () => {
    let directory: string;
    let layout: Layout;

    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), "flts-state-"));
        layout = {
            ...clusterLayout({ FLTS_STATE: directory }),
            run: join(directory, "run"),
            podLogs: join(directory, "pod-logs"),
        };
        for (const made of [layout.etcd, layout.podLogs]) {
            mkdirSync(made, { recursive: true });
        }
        writeFileSync(join(layout.etcd, "member"), "");
    });

    afterEach(() => {
        rmSync(directory, { recursive: true });
    });

    it("the cluster's state is deleted completely, and deleting it twice is not an error", () => {
        deleteState(layout);
        deleteState(layout);
        assert.equal(hasState(layout), false);
        assert.deepEqual(readdirSync(directory), []);
    });

    it("a deletion that was interrupted does not prevent a new start", () => {
        // As it lies when the process ends between putting it aside and deleting the last file.
        const left = `${layout.root}.deleted`;
        mkdirSync(left);
        writeFileSync(join(left, "snapshot"), "");
        rmSync(layout.root, { recursive: true });
        assert.equal(hasState(layout), true, "there is still something to take down");
        finishDeletion(layout);
        assert.equal(hasState(layout), false);
    });

    it("the state of a running cluster is not mistaken for an interrupted deletion", () => {
        mkdirSync(`${layout.root}.deleted`);
        finishDeletion(layout);
        assert.ok(existsSync(join(layout.etcd, "member")));
    });
});
