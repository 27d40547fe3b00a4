import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forgetDeletedCluster } from "../../cli/stack/deletedCluster";
import { createConsole } from "../../toolchain/console";

describe("a stack whose embedded cluster was deleted", () => {
    let directory: string;
    let output: string;
    let removed: number;

    /** What `make up` does before its update, on this cluster. */
    function update(identity: string, exists = true): void {
        const stack = {
            name: "dev",
            clusterFile: join(directory, "dev.cluster"),
            exists: () => exists,
            remove: () => {
                removed += 1;
            },
        };
        const write = (text: string): void => {
            output += text;
        };
        forgetDeletedCluster(stack, identity, createConsole({ write }, {}));
    }

    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), "flts-deleted-"));
        output = "";
        removed = 0;
    });
    afterEach(() => {
        rmSync(directory, { recursive: true });
    });

    it("an update forgets the state of a stack whose cluster was deleted, once, and says so", () => {
        update("first");
        update("second");
        assert.equal(removed, 1);
        assert.match(output, /^stack dev: its embedded cluster was deleted/);
        update("second");
        assert.equal(removed, 1);
    });

    it("an update on the same cluster keeps the stack's state", () => {
        update("first");
        update("first");
        assert.equal(removed, 0);
        assert.equal(output, "");
    });

    it("an update keeps the state of a stack whose cluster was never recorded, and records the cluster", () => {
        assert.ok(!existsSync(join(directory, "dev.cluster")));
        update("first");
        assert.equal(removed, 0);
        assert.equal(readFileSync(join(directory, "dev.cluster"), "utf8"), "first\n");
    });

    it("an update forgets nothing of a stack that make down removed before its cluster", () => {
        update("first");
        update("second", false);
        assert.equal(removed, 0);
        assert.equal(output, "");
    });
});
