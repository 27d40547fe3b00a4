import { findSystemProgram } from "../tools/paths";
import type { ImageFacts } from "../tools/needs";
import { findEngine } from "./engines";
import { imagePlaces } from "./places";
import { requestedImages } from "./requested";
import { knownSource } from "./source";

/**
 * What an image build takes on this machine. Where it is not known yet whether official images can be pulled, they are made.
 *
 * @param wanted false if no target builds images; then no engine is looked for.
 */
export async function imageFacts(wanted: boolean): Promise<ImageFacts> {
    const places = imagePlaces();
    const { FROM, TO, LOCK } = process.env;
    const isSet = (value: string | undefined): boolean => (value?.trim() ?? "") !== "";
    const fromBundle = isSet(FROM);
    const building = wanted && !fromBundle;
    return {
        fromBundle,
        requested: building ? requestedImages(process.env) : new Set(),
        usesRegistry: isSet(TO) || isSet(LOCK),
        makesOfficial: building && knownSource(places) !== "pull",
        hasEngine:
            !building ||
            findSystemProgram("buildah") !== undefined ||
            (await findEngine(places.images, ["docker", "podman"])) !== undefined,
    };
}
