import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { ChartSource } from "../../components/infrastructure/objectStore/objectStore";
import { charts } from "../../components/core/pod/images";
import type { Settings } from "../settings/schema";

/** What the program needs beside its settings. */
export interface Inputs {
    readonly chart: ChartSource;
    /** Files of the dataset that version 0.1.0 kept in the stack's state; none for any other stack. */
    readonly formerFiles: readonly string[];
}

/**
 * Where MinIO's chart comes from; an archive on this machine is checked first.
 *
 * @param project root of the project, from which relative paths count.
 * @throws when the archive is not the pinned one.
 */
export async function chartSource(settings: Settings, project: string): Promise<ChartSource> {
    const { chart } = settings.objectStore;
    const { version, sha256: pinned } = charts.minio;
    if (chart === undefined) {
        // The schema's contradictions made sure that one of the two is given.
        return { repository: settings.chartRepository ?? "", version };
    }
    const archive = isAbsolute(chart) ? chart : join(project, chart);
    await mustExist(archive, "flts:objectStore.chart");
    const digest = await sha256(archive);
    if (digest !== pinned) {
        throw new Error(
            `${archive} is not MinIO's chart ${version}: its SHA-256 is ${digest} and must be ${pinned}. ` +
                "Fetch it again with `make images`, or name another file with flts:objectStore.chart. Nothing was changed.",
        );
    }
    return { archive };
}

async function mustExist(path: string, setting: string): Promise<void> {
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() !== true) {
        throw new Error(`${path}: there is no such file; name one with ${setting}. Nothing was changed.`);
    }
}

async function sha256(path: string): Promise<string> {
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    return hash.digest("hex");
}
