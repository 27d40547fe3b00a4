import { imagesToBuild, chosenImages } from "../images/catalogue";
import { estimate, imageDurations } from "../images/estimates";
import { imageKeys } from "../images/keys";
import { clusterIsUp } from "../images/load";
import { imagePlaces, isBuilt } from "../images/places";
import { requestedImages } from "../images/requested";
import { knownSource } from "../images/source";
import { findMissing } from "../tools/missing";
import type { Needs } from "../tools/needs";
import { cpuMinutesOf } from "../tools/pins";
import type { Situation } from "./plan";
import { isDeployed } from "./stackFiles";

/**
 * What `make up` finds to do for a stack.
 *
 * @param perCpuMinute milliseconds that the tools take for each of their CPU-minutes on this machine.
 */
export function findSituation(
    needs: Needs,
    { stack, embedded }: { readonly stack: string; readonly embedded: boolean },
    perCpuMinute: number,
): Situation {
    const { tools } = findMissing(needs);
    const places = imagePlaces();
    // Where it is not known yet whether official images can be pulled, all are made.
    const source = knownSource(places) ?? "build";
    const all = imagesToBuild(source, chosenImages(requestedImages(process.env)));
    const keys = imageKeys(undefined, source);
    const runnable = all.filter(({ role }) => role !== "layer");
    const unbuilt = runnable.filter((image) => !isBuilt(places, image, keys));
    // Parents of images that are built are there as well.
    const stale = unbuilt.length === runnable.length ? all : unbuilt;
    const durations = imageDurations(places);
    const time = (has: boolean): number =>
        stale
            .filter(({ program }) => (program !== undefined) === has)
            .reduce((sum, image) => sum + estimate(image, durations), 0);
    return {
        embedded,
        tools: { count: tools.length, expected: cpuMinutesOf(tools) * perCpuMinute },
        images: { count: unbuilt.length, withoutProgram: time(false), withProgram: time(true) },
        clusterIsUp: clusterIsUp(),
        stackIsDeployed: isDeployed(stack),
        imageCount: runnable.length,
    };
}
