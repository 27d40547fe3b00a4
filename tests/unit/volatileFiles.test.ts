import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
    directoriesBelow,
    entriesOf,
    linkTarget,
    namesIn,
    removeIfEmpty,
    textOf,
} from "../../toolchain/cluster/host/volatileFiles";
import { ownerOf } from "../../toolchain/cluster/host/listeners";
import { processesWithEnvironment } from "../../toolchain/cluster/procfs";

describe("reads of places whose entries come and go", () => {
    let root: string;

    beforeEach(() => {
        root = mkdtempSync(join(tmpdir(), "flts-volatile-"));
        for (const path of ["a/a1/a11", "a/a2", "b/b1", "c"]) {
            mkdirSync(join(root, path), { recursive: true });
        }
    });

    afterEach(() => {
        rmSync(root, { recursive: true, force: true });
    });

    const walk = (whileAt: (path: string) => void): string[] => {
        const seen: string[] = [];
        for (const path of directoriesBelow(root)) {
            seen.push(path.slice(root.length + 1));
            whileAt(path);
        }
        return seen;
    };

    it("a walk yields children before their parents", () => {
        assert.deepEqual(
            walk(() => undefined),
            ["a/a1/a11", "a/a1", "a/a2", "a", "b/b1", "b", "c", ""],
        );
    });

    // Each of these was listed by the walk already when it disappears.
    for (const gone of ["a/a1", "a/a2", "b", "b/b1", "c"]) {
        it(`a walk continues when ${gone} disappears in the middle of it`, () => {
            const seen = walk((path) => {
                if (path.endsWith("a11")) {
                    rmSync(join(root, gone), { recursive: true });
                }
            });
            assert.deepEqual(
                seen.filter((path) => !path.startsWith("a/a1")),
                ["a/a2", "a", "b/b1", "b", "c", ""].filter(
                    (path) => path !== gone && !path.startsWith(`${gone}/`),
                ),
            );
        });
    }

    it("a walk ends when all of the tree disappears in the middle of it", () => {
        walk(() => {
            rmSync(root, { recursive: true, force: true });
        });
        assert.deepEqual(
            walk(() => undefined),
            [],
        );
    });

    it("a path that is gone has no text, no entries, no names and no target", () => {
        const path = join(root, "gone");
        assert.equal(textOf(path), undefined);
        assert.equal(entriesOf(path), undefined);
        assert.deepEqual(namesIn(path), []);
        assert.equal(linkTarget(path), undefined);
    });

    it("a file that is not a link has no target, and one that is has", () => {
        writeFileSync(join(root, "file"), "");
        symlinkSync("file", join(root, "link"));
        assert.equal(linkTarget(join(root, "file")), undefined);
        assert.equal(linkTarget(join(root, "link")), "file");
    });

    it("a link of another user's process has no target", () => {
        // Root may not follow some links either: those of process 1 in a container, for example.
        const other = spawn("sleep", ["60"]);
        const isRoot = process.geteuid?.() === 0;
        try {
            if (isRoot) {
                process.seteuid?.(65534);
            }
            assert.equal(linkTarget(`/proc/${isRoot ? (other.pid ?? 0) : 1}/fd/0`), undefined);
        } finally {
            process.seteuid?.(process.getuid?.() ?? 0);
            other.kill("SIGKILL");
        }
    });

    it("the owner of a socket that no visible process holds is unknown", () => {
        assert.equal(ownerOf({ port: 1, inode: "0" }), undefined);
    });

    it("a failure that is not a disappearance is raised", () => {
        assert.throws(() => textOf(join(root, "a")), { code: "EISDIR" });
        writeFileSync(join(root, "file"), "");
        assert.throws(() => entriesOf(join(root, "file")), { code: "ENOTDIR" });
        assert.throws(() => removeIfEmpty(join(root, "file")), { code: "ENOTDIR" });
    });

    it("a directory is removed when it is empty, and counts as removed when it was gone before", () => {
        assert.equal(removeIfEmpty(join(root, "a")), false);
        assert.equal(removeIfEmpty(join(root, "c")), true);
        assert.equal(removeIfEmpty(join(root, "c")), true);
    });

    it("processes are listed while others end", async function () {
        this.timeout(30_000);
        const marker = `FLTS_TEST_MARKER_${process.pid}`;
        const long = spawn("sleep", ["60"], { env: { ...process.env, [marker]: "yes" } });
        let running = 0;
        try {
            const churn = Array.from({ length: 200 }, () => {
                running += 1;
                const child = spawn("true", { env: { ...process.env, [marker]: "yes" } });
                return once(child, "exit").then(() => (running -= 1));
            });
            do {
                assert.ok(processesWithEnvironment(marker, "yes").includes(long.pid ?? 0));
                await new Promise((wake) => setImmediate(wake));
            } while (running > 0);
            await Promise.all(churn);
        } finally {
            long.kill("SIGKILL");
        }
    });
});
