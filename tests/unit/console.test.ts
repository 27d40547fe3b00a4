import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import {
    createConsole,
    fail,
    formatBytes,
    formatDuration,
    Progress,
    runMain,
    table,
    UserError,
} from "../../toolchain/console";
import { remainingTime } from "../../toolchain/console/progress";

class Recorder {
    text = "";
    readonly columns = 80;
    constructor(readonly isTTY = false) {}
    write(text: string): void {
        this.text += text;
    }
    get lines(): string[] {
        return this.text.trimEnd().split("\n");
    }
}

const escape = String.fromCharCode(27);

describe("console formatting", () => {
    it("writes durations with at most two units", () => {
        assert.equal(formatDuration(0), "0.0s");
        assert.equal(formatDuration(840), "0.8s");
        assert.equal(formatDuration(9_960), "10s");
        assert.equal(formatDuration(59_600), "1m00s");
        assert.equal(formatDuration(185_000), "3m05s");
        assert.equal(formatDuration(3_720_000), "1h02m");
    });

    it("writes sizes in decimal units", () => {
        assert.equal(formatBytes(0), "0 B");
        assert.equal(formatBytes(999), "999 B");
        assert.equal(formatBytes(999_600), "1.0 MB");
        assert.equal(formatBytes(8_510_000_000), "8.5 GB");
        assert.equal(formatBytes(139_800_000), "140 MB");
    });

    it("aligns columns by what is seen, not by colour codes", () => {
        const red = `${escape}[31mab${escape}[39m`;
        assert.equal(
            table([["a", "b", "c"], [red, "longer", "d"], ["last"]]),
            `a     b       c\n${red}    longer  d\nlast`,
        );
        assert.equal(table([]), "");
    });
});

describe("console colour", () => {
    const coloured = (stream: Recorder, environment: NodeJS.ProcessEnv): boolean => {
        createConsole(stream, environment).error("text");
        return stream.text.includes(escape);
    };

    it("colour is used only on a terminal, whatever CI or FORCE_COLOR say", () => {
        assert.equal(coloured(new Recorder(true), { TERM: "xterm" }), true);
        assert.equal(coloured(new Recorder(false), { CI: "1", FORCE_COLOR: "1" }), false);
    });

    it("colour is off for NO_COLOR and for dumb terminals", () => {
        assert.equal(coloured(new Recorder(true), { TERM: "xterm", NO_COLOR: "1" }), false);
        assert.equal(coloured(new Recorder(true), { TERM: "dumb" }), false);
    });
});

describe("console progress", () => {
    it("progress is estimated from the learned duration first and from the measured speed later", () => {
        assert.equal(remainingTime(5_000, undefined, undefined), undefined);
        assert.equal(remainingTime(5_000, undefined, 20_000), 15_000);
        assert.equal(remainingTime(5_000, 0.05, 20_000), 15_000);
        assert.equal(remainingTime(5_000, 0.5, undefined), 5_000);
        assert.equal(remainingTime(30_000, undefined, 20_000), 0);
        assert.equal(remainingTime(10_000, 0.5, 10_000), 5_000);
    });

    it("progress prints start, heartbeat and end as plain lines without a terminal", async () => {
        const stream = new Recorder();
        const progress = new Progress(createConsole(stream, {}), { heartbeat: 20 });
        const result = await progress.step("Build", { estimate: 120_000 }, async (report) => {
            report(0.25, "kubernetes");
            await sleep(50);
            return 7;
        });
        assert.equal(result, 7);
        assert.equal(stream.lines[0], "… Build  (about 2m00s)");
        assert.match(stream.lines[1] ?? "", /^… Build {2}25%, 0\.\ds, about .* left, kubernetes$/);
        assert.match(stream.lines.at(-1) ?? "", /^✓ Build {2}0\.\ds$/);
        assert.ok(!stream.text.includes(escape) && !stream.text.includes("\r"));
    });

    it("progress redraws one line on a terminal and leaves only the result", async () => {
        const stream = new Recorder(true);
        await new Progress(createConsole(stream, { TERM: "xterm" })).step("Build", {}, () =>
            Promise.resolve(),
        );
        assert.equal(stream.lines.length, 1);
        assert.ok(stream.text.startsWith(`\r${escape}[K… Build`));
    });

    it("progress redraws one line with all running steps, and continues with the remaining ones", async () => {
        const stream = new Recorder(true);
        const progress = new Progress(createConsole(stream, { TERM: "xterm" }));
        let endFirst: () => void = () => undefined;
        const first = progress.step("Compile", { estimate: 60_000 }, (report) => {
            report(0.05, "net/http");
            return new Promise<void>((resolve) => (endFirst = resolve));
        });
        await progress.step("Image", { estimate: 30_000 }, () => Promise.resolve());
        const drawn = stream.text.split(`\r${escape}[K`);
        assert.match(
            drawn.find((line) => line.includes("Image")) ?? "",
            /^… Compile {2}5%, about 1m00s left {2}\| {2}Image {2}about 30s left$/,
        );
        assert.match(drawn.at(-1) ?? "", /^… Compile {2}5%, 0\.\ds, about 1m00s left, net\/http$/);
        endFirst();
        await first;
        assert.match(stream.lines.at(-1) ?? "", /✓.* Compile/);
    });

    it("progress marks a failed step and passes the error on", async () => {
        const stream = new Recorder();
        const failure = new Error("broken");
        await assert.rejects(
            new Progress(createConsole(stream, {})).step("Build", {}, () => Promise.reject(failure)),
            failure,
        );
        assert.match(stream.lines.at(-1) ?? "", /^✗ Build/);
    });
});

describe("console failures", () => {
    let exitCode: typeof process.exitCode;
    beforeEach(() => {
        exitCode = process.exitCode;
    });
    afterEach(() => {
        process.exitCode = exitCode;
    });

    it("a failure that the reader can fix is printed as its message alone", async () => {
        const stream = new Recorder();
        await runMain(createConsole(stream, {}), () => fail("port 9000 is taken: set access.minioPort"));
        assert.equal(process.exitCode, 1);
        assert.equal(stream.text, "error: port 9000 is taken: set access.minioPort\n");
        assert.throws(() => fail("x"), UserError);
    });

    it("an internal error is printed with its stack", async () => {
        const stream = new Recorder();
        await runMain(createConsole(stream, {}), () => Promise.reject(new TypeError("undefined is not")));
        assert.match(stream.text, /^error: TypeError: undefined is not\n\s+at /);
    });
});
