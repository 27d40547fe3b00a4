import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { fail } from "../console";
import { images, type ImageSource } from "./catalogue";
import type { Engine } from "./engine";
import type { Places } from "./places";

/** FLTS_IMAGES as set: `build`, `pull`, or undefined for the default, which looks whether a registry can be reached. */
export function requestedSource(environment: NodeJS.ProcessEnv = process.env): ImageSource | undefined {
    const value = environment.FLTS_IMAGES?.trim() ?? "";
    if (value === "" || value === "auto") {
        return undefined;
    }
    return value === "build" || value === "pull"
        ? value
        : fail(`FLTS_IMAGES=${value}: use build, pull or auto (the default).`);
}

function memoryOf(places: Places): string {
    return join(places.images, "source");
}

/** Where official images come from, if FLTS_IMAGES or an earlier look says so. */
export function knownSource(places: Places): ImageSource | undefined {
    const requested = requestedSource();
    if (requested !== undefined || !existsSync(memoryOf(places))) {
        return requested;
    }
    return readFileSync(memoryOf(places), "utf8").trim() === "pull" ? "pull" : "build";
}

/**
 * Where official images come from. Without FLTS_IMAGES the answer is found once, by pulling a base image, and kept: the
 * later runs need neither a network nor the seconds that an unreachable registry takes.
 */
export async function imageSource(places: Places, engine: () => Promise<Engine>): Promise<ImageSource> {
    const known = knownSource(places);
    if (known !== undefined) {
        return known;
    }
    const upstream = images.find(({ suite }) => suite !== undefined)?.upstream ?? "";
    const source = (await (await engine()).canPull(upstream)) ? "pull" : "build";
    mkdirSync(places.images, { recursive: true });
    writeFileSync(memoryOf(places), `${source}\n`);
    return source;
}
