import { requireEngine } from "../../toolchain/images/engines";
import { imagePlaces } from "../../toolchain/images/places";
import { imageSource } from "../../toolchain/images/source";
import type { StackOptions } from "./options";
import type { SettingsTree } from "./settings";

/** What `make up` says where it leaves Grafana out. */
export const GRAFANA_LEFT_OUT =
    "Grafana is left out: its image can only be pulled, and no registry is reachable (FLTS_IMAGES=build).";

/**
 * True where images cannot be pulled, so that those which nobody can build from a package registry
 * (`pulled` in images/images.json) are not to be had. A cluster of the user's own pulls what it needs.
 */
export async function onlyBuiltImages(options: StackOptions): Promise<boolean> {
    const places = imagePlaces();
    return options.embedded && (await imageSource(places, () => requireEngine(places.images))) === "build";
}

/** Settings that leave such images out. */
export async function withoutPulledImages(options: StackOptions): Promise<SettingsTree> {
    return (await onlyBuiltImages(options)) ? { "flts:monitoring": { grafana: { enabled: false } } } : {};
}
