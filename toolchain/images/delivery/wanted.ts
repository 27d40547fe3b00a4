import data from "../../../images/images.json";
import { imageTags, projectRoot, tagOf } from "../../../components/core/pod/imageTags";
import { imagesToBuild, fullReference, type Image, type ImageSource } from "../catalogue";
import { imageKeys } from "../keys";

/** An image that pods may name, and where its content is. */
export interface WantedImage {
    readonly name: string;
    /** Without a registry. */
    readonly repository: string;
    readonly tag: string;
    /** Key of the content in our own store; undefined for an image that is copied from its official registry. */
    readonly key: string | undefined;
    /** Full reference of the official image. */
    readonly official: string;
}

/** Of the chosen images every one that pods may name, and those that are only pulled; the latter are left out where no registry is reachable. */
export function wantedImages(
    source: ImageSource,
    chosen: readonly Image[],
    root: string = projectRoot,
): WantedImage[] {
    const keys = imageKeys(root, source);
    const tags = imageTags(root);
    const made = new Set(imagesToBuild(source, chosen).map(({ name }) => name));
    const all = chosen
        .filter(({ role }) => role !== "layer")
        .map((image) => {
            const tag = tagOf(image.name, image, tags);
            return {
                name: image.name,
                repository: image.repository,
                tag,
                key: made.has(image.name) ? keys.get(image.name) : undefined,
                official: image.upstream ?? fullReference(image.repository, tag),
            };
        });
    const pulled =
        source === "build"
            ? []
            : Object.entries(data.pulled).map(([name, { repository, tag }]) => ({
                  name,
                  repository,
                  tag,
                  key: undefined,
                  official: fullReference(repository, tag),
              }));
    return [...all, ...pulled];
}
