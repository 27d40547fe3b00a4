import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chartSource } from "../../stacks/inputs/inputs";
import { settings } from "../support/program";

describe("MinIO's chart", () => {
    let folder: string;

    before(async () => {
        folder = await mkdtemp(join(tmpdir(), "flts-chart-"));
    });

    after(() => rm(folder, { recursive: true }));

    it("is refused as an archive of other content, before anything is created", async () => {
        await writeFile(join(folder, "chart.tgz"), "not a chart");
        await assert.rejects(
            chartSource(settings({ objectStore: { chart: "chart.tgz" } }), folder),
            /chart\.tgz is not MinIO's chart 5\.4\.0: its SHA-256 .* Nothing was changed/,
        );
    });

    it("is refused as an archive that is not there, naming the setting", async () => {
        await assert.rejects(
            chartSource(settings({ objectStore: { chart: "missing.tgz" } }), folder),
            /missing\.tgz: there is no such file; name one with flts:objectStore\.chart/,
        );
    });
});
