import data from "../../images/images.json";
import type { GoProgramName } from "../tools/pins";
import { fail } from "../console";

/** Name of an image in images/images.json. */
export type ImageName = keyof typeof data.images;

/** `layer`: only a parent of others; `service`: our own code; `infrastructure`: servers that others wrote. */
export type Role = "layer" | "service" | "infrastructure";

/** One image of images/images.json; images/README.md explains the fields. */
export interface Image {
    readonly name: string;
    readonly repository: string;
    readonly tag?: string;
    readonly upstream?: string;
    /** Debian release (code name) that a file system is made of; absent for images that have a parent. */
    readonly suite?: string;
    readonly parent?: string;
    readonly folder: string;
    readonly inputs: readonly string[];
    readonly arguments?: Readonly<Record<string, string>>;
    readonly program?: GoProgramName;
    /** Setting of a stack that asks for the image, by a number above 0 or, as in `a.b=c`, by that value; absent for images that are always made. */
    readonly onRequest?: string;
    readonly role: Role;
    readonly purpose: string;
}

/** A chart archive that comes inside a Go module; the hash is what makes it the official one. */
export interface PinnedChart {
    readonly version: string;
    readonly module: string;
    readonly moduleVersion: string;
    /** Of the archive, inside the module. */
    readonly path: string;
    readonly sha256: string;
}

export const charts: { readonly minio: PinnedChart } = data.charts;

/** Every image, parents before their children, those that are made only on request too. */
export const images: readonly Image[] = parentsFirst(
    Object.entries(data.images as Record<string, Omit<Image, "name">>).map(([name, facts]) => ({
        name,
        ...facts,
    })),
);

/** The images that are made for stacks whose settings ask for `requested`, and no others. */
export function chosenImages(requested: ReadonlySet<string>, all: readonly Image[] = images): Image[] {
    return all.filter(({ name, onRequest }) => onRequest === undefined || requested.has(name));
}

/** Debian release (code name) that an image is made of: its own or that of its ancestor. */
export function suiteOf(image: Image, all: readonly Image[] = images): string {
    const parent = all.find(({ name }) => name === image.parent);
    return (
        image.suite ??
        (parent === undefined
            ? fail(`images/images.json: "${image.name}" has neither a suite nor an ancestor that has one.`)
            : suiteOf(parent, all))
    );
}

/** Orders images so that each comes after its parent, else as given. Throws for a parent that is missing or a circle. */
export function parentsFirst(given: readonly Image[]): Image[] {
    const byName = new Map(given.map((image) => [image.name, image]));
    const ordered = new Set<Image>();
    const visit = (image: Image, children: readonly string[]): void => {
        if (children.includes(image.name)) {
            fail(
                `images/images.json: ${[...children, image.name].join(" -> ")}: an image is its own ancestor.`,
            );
        }
        if (image.parent !== undefined) {
            const parent = byName.get(image.parent);
            if (parent === undefined) {
                fail(
                    `images/images.json: "${image.name}" has the parent "${image.parent}", which is not in the list.`,
                );
            }
            visit(parent, [...children, image.name]);
        }
        ordered.add(image);
    };
    given.forEach((image) => {
        visit(image, []);
    });
    return [...ordered];
}

/** Where images come from that have an official one: made here, or pulled by the cluster itself. */
export type ImageSource = "build" | "pull";

/** Of these images the ones that are made here: all, or where official ones can be pulled only those that have none. */
export function imagesToBuild(source: ImageSource, all: readonly Image[]): Image[] {
    return all.filter((image) => source === "build" || image.upstream === undefined);
}

/** The full reference that pods' short ones stand for, as container runtimes expand it. */
export function fullReference(repository: string, tag: string): string {
    const [first = ""] = repository.split("/");
    if (repository.includes("/") && (first.includes(".") || first.includes(":") || first === "localhost")) {
        return `${repository}:${tag}`;
    }
    return `docker.io/${repository.includes("/") ? repository : `library/${repository}`}:${tag}`;
}
