import { requireEngine } from "../../toolchain/images/engines";
import { imagePlaces } from "../../toolchain/images/places";
import { imageSource } from "../../toolchain/images/source";
import type { StackOptions } from "./options";
import type { SettingsTree } from "./settings";

/** Message of `make up` when it omits Grafana. */
export const GRAFANA_LEFT_OUT =
    "Grafana is left out: its image can only be pulled, and no registry is reachable (FLTS_IMAGES=build).";

/**
 * True if images cannot be pulled, so that those which cannot be built from package registries (`pulled` in
 * images/images.json) are not available. The user's own cluster pulls what it needs.
 */
export async function onlyBuiltImages(options: StackOptions): Promise<boolean> {
    const places = imagePlaces();
    return options.embedded && (await imageSource(places, () => requireEngine(places.images))) === "build";
}

/** Settings with which no pod uses such an image. */
export async function withoutPulledImages(options: StackOptions): Promise<SettingsTree> {
    return (await onlyBuiltImages(options)) ? { "flts:monitoring": { grafana: { enabled: false } } } : {};
}
