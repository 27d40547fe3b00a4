import { findSystemProgram } from "../tools/paths";
import type { ImageFacts } from "../tools/needs";
import { findEngine } from "./engines";
import { imagePlaces } from "./places";
import { knownSource } from "./source";

/**
 * What an image build takes on this machine. Where it is not known yet whether official images can be pulled, they are made.
 *
 * @param building false if no image is built; then no engine is looked for.
 */
export async function imageFacts(building: boolean): Promise<ImageFacts> {
    const places = imagePlaces();
    return {
        makesOfficial: building && knownSource(places) !== "pull",
        hasEngine:
            !building ||
            findSystemProgram("buildah") !== undefined ||
            (await findEngine(places.images, ["docker", "podman"])) !== undefined,
    };
}
