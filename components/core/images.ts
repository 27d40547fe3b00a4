import catalogue from "../../images/images.json";

/** Name of an image in `images/images.json`. */
export type ImageName = keyof typeof catalogue.images;

interface CatalogueEntry {
    readonly repository: string;
    readonly tag?: string;
}

export interface ImageSettings {
    /** Prefix for every image, such as a mirror; empty for the images' own names. */
    readonly registry: string;
    /** Tag of the images that this project builds from its own sources. */
    readonly tag: string;
}

/** Gives pods the reference of an image. No image escapes the registry setting, as there is no other way to one. */
export class Images {
    public constructor(private readonly settings: ImageSettings) {}

    /** Repository and tag apart, for charts that want them so. */
    public parts(name: ImageName): { readonly repository: string; readonly tag: string } {
        const entry: CatalogueEntry = catalogue.images[name];
        const prefix = this.settings.registry.replace(/\/+$/, "");
        return {
            repository: prefix === "" ? entry.repository : `${prefix}/${entry.repository}`,
            tag: entry.tag ?? this.settings.tag,
        };
    }

    public reference(name: ImageName): string {
        const { repository, tag } = this.parts(name);
        return `${repository}:${tag}`;
    }
}

/** The pinned chart archives of `images/images.json`. */
export const charts = catalogue.charts;
