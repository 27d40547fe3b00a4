import { copyFileSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";

import { must } from "../tools/command";
import { goEnvironment } from "../tools/goCaches";
import { fileHash } from "../tools/store";
import { fail } from "../console";
import { charts, type PinnedChart } from "./catalogue";
import { projectRoot } from "../../components/core/pod/imageTags";
import { imagePlaces, type Places } from "./places";

/** Path of the official MinIO chart's archive, taken out of the pinned Go module and checked. */
export function minioChart(): Promise<string> {
    return pinnedChart("minio", charts.minio, imagePlaces());
}

/** Path of the chart's archive if an earlier run, or a bundle, left it on this machine; undefined if not. */
export async function keptMinioChart(): Promise<string | undefined> {
    const target = archiveOf("minio", charts.minio, imagePlaces());
    return (await isPinned(target, charts.minio)) ? target : undefined;
}

function archiveOf(name: string, chart: PinnedChart, places: Places): string {
    return join(places.charts, `${name}-${chart.version}.tgz`);
}

async function isPinned(archive: string, chart: PinnedChart): Promise<boolean> {
    return existsSync(archive) && (await fileHash(archive)) === chart.sha256;
}

/**
 * Copies a chart's archive from Go's module cache, filling that if need be, to FLTS_CACHE/charts and returns its path.
 * Fails when its content is not the pinned one.
 */
async function pinnedChart(name: string, chart: PinnedChart, places: Places): Promise<string> {
    const target = archiveOf(name, chart, places);
    if (await isPinned(target, chart)) {
        return target;
    }
    const module = `${chart.module}@${chart.moduleVersion}`;
    const answer = await must("go", ["mod", "download", "-json", module], {
        cwd: join(projectRoot, "toolchain", "pins", "minio"),
        environment: goEnvironment(),
    });
    const { Dir } = JSON.parse(answer) as { Dir: string };
    mkdirSync(places.charts, { recursive: true });
    copyFileSync(join(Dir, chart.path), `${target}.new`);
    const hash = await fileHash(`${target}.new`);
    if (hash !== chart.sha256) {
        fail(
            `${chart.path} of ${module} has the sha256 ${hash}, but images/images.json pins ${chart.sha256}.`,
        );
    }
    renameSync(`${target}.new`, target);
    return target;
}
