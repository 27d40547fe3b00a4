import { Images } from "../../components/core/pod/images";
import { imageTags } from "../../components/core/pod/imageTags";
import { contradiction as problem, type Problem } from "./problems";
import type { GivenSettings } from "./schema";

/** The stable version's image, without a mirror: the canary's is named without one too. */
function stableImage(): string {
    return new Images({ registry: undefined, tags: imageTags() }).reference("inference");
}

/** What a canary asks for that contradicts itself or the stable version. */
export function canaryContradictions({ serving }: GivenSettings): Problem[] {
    const { runId, image, weight } = serving.canary;
    return [
        ...(weight > 0 && runId === undefined && image === undefined
            ? [
                  problem(
                      "serving.canary.weight",
                      weight,
                      "there is no canary for these requests; name flts:serving.canary.runId or " +
                          "flts:serving.canary.image, or set the weight to 0",
                  ),
              ]
            : []),
        ...(image !== undefined && runId === undefined && image === stableImage()
            ? [
                  problem(
                      "serving.canary.image",
                      image,
                      "is the stable version's image too; name another, or a flts:serving.canary.runId",
                  ),
              ]
            : []),
    ];
}
