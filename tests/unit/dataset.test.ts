import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkDataset } from "../../cli/data/check";
import { checkInputFiles } from "../../stacks/inputs/inputFiles";
import { settings } from "../support/program";

describe("dataset check", () => {
    let folder: string;

    before(async () => {
        folder = await mkdtemp(join(tmpdir(), "flts-dataset-"));
    });

    after(() => rm(folder, { recursive: true }));

    async function csv(content: string): Promise<string> {
        const file = join(folder, "data.csv");
        await writeFile(file, content);
        return file;
    }

    it("accepts numbers, gaps and a byte order mark", async () => {
        await checkDataset(await csv("\ufefftime,down,up\n2020-01-01,1.5,\n2020-01-02,NaN,-2e3\n"));
    });

    const mistakes: Record<string, [string, RegExp]> = {
        "an empty file": ["", /data\.csv: the file is empty/],
        "a header without rows": ["time,down\n", /data\.csv, line 1: there is a header and no row/],
        "no time column": [
            "date,down\n1,2\n",
            /line 1: there is no column "time"; the columns are date, down/,
        ],
        "no feature": ["time\n1\n", /line 1: there is no column of numbers/],
        "a column twice": ["time,a,a\n1,2,3\n", /line 1: there are two columns "a"/],
        "text where a number belongs": [
            "time,down\n1,2\n2,many\n",
            /data\.csv, line 3: column "down" holds "many" where a number belongs/,
        ],
        "a row without a time": ["time,down\n,2\n", /line 2: column "time" is empty/],
        "a row that is too short": ["time,a,b\n1,2,3\n1,2\n", /line 3: the file is not a CSV/],
    };
    for (const [name, [content, message]] of Object.entries(mistakes)) {
        it(`refuses ${name}`, async () => {
            await assert.rejects(checkDataset(await csv(content)), { name: "DatasetError", message });
        });
    }

    it("refuses a target column that is not there", async () => {
        await assert.rejects(checkDataset(await csv("time,down\n1,2\n"), "up"), /no column "up"/);
    });

    it("reports every file that is not sound, before anything is created", async () => {
        const chosen = settings({
            dataset: { file: await csv("date\n1\n"), testFile: join(folder, "missing.csv") },
            objectStore: { chart: await csv("not a chart").then(() => join(folder, "chart.tgz")) },
        });
        await writeFile(join(folder, "chart.tgz"), "not a chart");
        await assert.rejects(checkInputFiles(chosen, folder), (error: Error) => {
            assert.match(
                error.message,
                /missing\.csv: there is no such file; name one with flts:dataset\.testFile/,
            );
            assert.match(error.message, /chart\.tgz is not MinIO's chart 5\.4\.0: its SHA-256/);
            assert.match(error.message, /Nothing was changed/);
            return true;
        });
    });
});
