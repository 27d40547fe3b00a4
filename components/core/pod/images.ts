import catalogue from "../../../images/images.json";
import { tagOf } from "./imageTags";

/** Every image that pods name, the ones that can only be pulled too. */
const entries = { ...catalogue.images, ...catalogue.pulled };

/** Name of an image in `images/images.json`. */
export type ImageName = keyof typeof entries;

interface CatalogueEntry {
    readonly repository: string;
    readonly tag?: string;
}

export interface ImageSettings {
    /** Prefix for every image, such as a mirror; undefined for the images' own names. */
    readonly registry: string | undefined;
    /** By name, the tags of the images that this project builds from its own sources; `imageTags` computes them. */
    readonly tags: ReadonlyMap<string, string>;
    /** By name, the digests that `images.lock.json` pins; none without that file. They hold for what a registry serves. */
    readonly digests?: ReadonlyMap<string, string>;
}

/** Gives pods the reference of an image. No image escapes the registry setting, as there is no other way to one. */
export class Images {
    public constructor(private readonly settings: ImageSettings) {}

    /** Repository and tag apart, for charts that want them so; a pinned digest follows the tag. */
    public parts(name: ImageName): { readonly repository: string; readonly tag: string } {
        const entry: CatalogueEntry = entries[name];
        const tag = tagOf(name, entry, this.settings.tags);
        const digest = this.settings.digests?.get(name);
        return {
            repository: this.mirrored(entry.repository),
            tag: digest === undefined ? tag : `${tag}@${digest}`,
        };
    }

    public reference(name: ImageName): string {
        const { repository, tag } = this.parts(name);
        return `${repository}:${tag}`;
    }

    /** A repository, or a whole reference, of an image that is not in the list, as this stack pulls it. */
    public mirrored(image: string): string {
        const { registry } = this.settings;
        return registry === undefined ? image : `${registry.replace(/\/+$/, "")}/${image}`;
    }
}

/** The pinned chart archives of `images/images.json`. */
export const charts = catalogue.charts;
