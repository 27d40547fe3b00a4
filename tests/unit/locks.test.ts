import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { areDead } from "../../cli/stack/locks";

describe("the locks of a stack", () => {
    let directory: string;
    /** A process that has ended. */
    const gone = spawnSync("true").pid;

    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), "flts-locks-"));
    });

    afterEach(() => {
        rmSync(directory, { recursive: true });
    });

    /** A lock as the backend keeps it, with the file of attributes beside it. */
    function lock(name: string, pid: number, host = hostname()): void {
        writeFileSync(join(directory, `${name}.json`), JSON.stringify({ pid, hostname: host }));
        writeFileSync(join(directory, `${name}.json.attrs`), JSON.stringify({ md5: "" }));
    }

    it("locks of a stack are stale when the process that took them has ended", () => {
        lock("one", gone);
        assert.equal(areDead(directory), true);
    });

    it("locks of a stack are valid while one of the processes runs", () => {
        lock("one", gone);
        lock("two", process.pid);
        assert.equal(areDead(directory), false);
    });

    it("locks of a stack from another machine are valid, because its processes are unknown here", () => {
        lock("one", gone, "another-machine");
        assert.equal(areDead(directory), false);
    });

    it("without locks there is nothing to release", () => {
        assert.equal(areDead(directory), false);
        assert.equal(areDead(join(directory, "none")), false);
    });
});
