import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, isAbsolute, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { ChartSource } from "../../components/infrastructure/objectStore/objectStore";
import { charts } from "../../components/core/pod/images";
import type { DatasetFile } from "../../components/pipeline/dataset";
import { checkDataset, checkOptions } from "../../cli/data/check";
import type { Settings } from "../settings/schema";

/** Trained on when no dataset is given. */
const SAMPLE = "services/sample/sample.csv";

/** Files on this machine that the program hands on, found to be what they should be. */
export interface InputFiles {
    readonly train: DatasetFile;
    readonly test: DatasetFile | undefined;
    readonly chart: ChartSource;
}

/**
 * Checks all files before anything is created.
 *
 * @param project root of the project, from which relative paths count.
 * @throws one error with a line for each file that is not sound.
 */
export async function checkInputFiles(settings: Settings, project: string): Promise<InputFiles> {
    const absolute = (path: string): string => (isAbsolute(path) ? path : join(project, path));
    const { file, testFile } = settings.dataset;
    const paths = [
        absolute(file ?? SAMPLE),
        testFile === undefined ? undefined : absolute(testFile),
    ] as const;
    const results = await Promise.allSettled([
        datasetFile(paths[0], "flts:dataset.file"),
        paths[1] === undefined ? undefined : datasetFile(paths[1], "flts:dataset.testFile"),
        chartSource(settings, absolute),
        checkFiles(settings, ...paths),
    ]);
    const [train, test, chart, check] = results;
    if (
        train.status === "fulfilled" &&
        test.status === "fulfilled" &&
        chart.status === "fulfilled" &&
        check.status === "fulfilled"
    ) {
        return { train: train.value, test: test.value, chart: chart.value };
    }
    const reasons = results.flatMap((result) =>
        result.status === "rejected" ? [(result.reason as Error).message] : [],
    );
    throw new Error(`${reasons.join("\n")}\nNothing was changed.`);
}

/** The content of files that exist; others are reported by name. */
async function checkFiles(settings: Settings, train: string, test: string | undefined): Promise<void> {
    if ((await exists(train)) && (test === undefined || (await exists(test)))) {
        await checkDataset(train, test, checkOptions(settings));
    }
}

async function datasetFile(path: string, setting: string): Promise<DatasetFile> {
    await mustExist(path, setting);
    return { path, objectName: basename(path), digest: await sha256(path) };
}

async function chartSource(settings: Settings, absolute: (path: string) => string): Promise<ChartSource> {
    const { chart } = settings.objectStore;
    const { version, sha256: pinned } = charts.minio;
    if (chart === undefined) {
        // The schema's contradictions made sure that one of the two is given.
        return { repository: settings.chartRepository ?? "", version };
    }
    const archive = absolute(chart);
    await mustExist(archive, "flts:objectStore.chart");
    const digest = await sha256(archive);
    if (digest !== pinned) {
        throw new Error(
            `${archive} is not MinIO's chart ${version}: its SHA-256 is ${digest} and must be ${pinned}. ` +
                "Fetch it again with `make images`, or name another file with flts:objectStore.chart.",
        );
    }
    return { archive };
}

async function mustExist(path: string, setting: string): Promise<void> {
    if (!(await exists(path))) {
        throw new Error(`${path}: there is no such file; name one with ${setting}.`);
    }
}

async function exists(path: string): Promise<boolean> {
    const found = await stat(path).catch(() => undefined);
    return found?.isFile() === true;
}

async function sha256(path: string): Promise<string> {
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    return hash.digest("hex");
}
