import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import { projectDirectory } from "../support/commands";
import { smallNode } from "./support/smallNode";

/** Size of a large CSV, and what a process that checks it may take of the machine's memory, in bytes. */
const LARGE = 200e6;
const MEMORY = 200e6;

describe("the check of a CSV of 200 MB", function () {
    this.timeout(180_000);

    let folder: string;

    before(() => {
        folder = mkdtempSync(join(tmpdir(), "flts-check-"));
    });

    after(() => {
        rmSync(folder, { recursive: true });
    });

    const pythons = {
        "the machine's Python": { columns: 20, path: () => process.env.PATH ?? "" },
        "Python in WebAssembly, where there is no other": {
            columns: 1000,
            path: () => {
                const empty = join(folder, "empty");
                mkdirSync(empty);
                return empty;
            },
        },
    };
    for (const [name, { columns, path }] of Object.entries(pythons)) {
        it(`takes less than 200 MB of memory in each process with ${name}, and shows its progress`, async () => {
            const file = join(folder, `${columns}.csv`);
            await pipeline(Readable.from(largeCsv(columns)), createWriteStream(file));
            const started = Date.now();
            const { code, output, peaks } = await check(file, path());
            assert.equal(code, 0, output);
            const megabytes = Object.entries(peaks).map(
                ([of, bytes]) => `${of} ${Math.round(bytes / 1e6)} MB`,
            );
            console.log(`      ${megabytes.join(", ")}, ${Math.round((Date.now() - started) / 1000)} s`);
            assert.equal(Object.keys(peaks).length, 2, "the command and one interpreter");
            assert.deepEqual(
                Object.values(peaks).filter((bytes) => bytes >= MEMORY),
                [],
            );
            assert.match(output, new RegExp(`… Check ${columns}\\n[^]*✓ Check ${columns} `));
            rmSync(file);
        });
    }
});

/** What `make check-data` does, and the peak memory of its processes in bytes, by process id. */
async function check(
    file: string,
    path: string,
): Promise<{ code: number | null; output: string; peaks: Record<number, number> }> {
    const child = spawn(process.execPath, [...smallNode(), "cli/data/checkMain.ts"], {
        cwd: projectDirectory,
        env: { ...process.env, PATH: path, FILE: file, STACK: "dev" },
        stdio: ["ignore", "pipe", "pipe"],
    });
    const peaks: Record<number, number> = {};
    const watch = setInterval(() => {
        for (const pid of familyOf(child.pid ?? assert.fail())) {
            const status = statusOf(pid);
            const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
            if (kilobytes !== undefined) {
                peaks[pid] = Math.max(peaks[pid] ?? 0, Number(kilobytes) * 1024);
            }
        }
    }, 50);
    const [output, errors, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, "exit") as Promise<[number | null]>,
    ]);
    clearInterval(watch);
    return { code, output: output + errors, peaks };
}

/** A process and those that it started. */
function familyOf(pid: number): number[] {
    try {
        const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
        return [pid, ...children.filter((child) => child !== "").map(Number)];
    } catch {
        return [pid];
    }
}

/** What the system says of a process; nothing when it has ended. */
function statusOf(pid: number): string {
    try {
        return readFileSync(`/proc/${pid}/status`, "utf8");
    } catch {
        return "";
    }
}

/** `LARGE` bytes of rows, one a minute, some of whose cells are missing. */
function* largeCsv(columns: number): Generator<string> {
    yield `time,${Array.from({ length: columns }, (_, at) => `c${at}`).join(",")}\n`;
    const cells = Array.from({ length: columns }, (_, at) =>
        at === 1 ? "" : String((at * 7919) % 9973) + ".125",
    );
    let row = 0;
    for (let size = 0; size < LARGE;) {
        const rows = Array.from({ length: 200 }, () => {
            const time = new Date(Date.UTC(2000, 0, 1) + 60_000 * row).toISOString();
            cells[1] = row % 5 === 0 ? "" : String(row);
            row += 1;
            return `${time},${cells.join(",")}\n`;
        }).join("");
        size += rows.length;
        yield rows;
    }
}
