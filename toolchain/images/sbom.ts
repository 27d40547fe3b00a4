import { readFileSync } from "node:fs";
import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";

import { must } from "../tools/command";
import { goEnvironment } from "../tools/goCaches";

/** What an image holds, by package URL (https://github.com/package-url/purl-spec). */
export interface Content {
    readonly name: string;
    readonly version: string;
    readonly purl: string;
}

/** A package URL; each part of the name is encoded by itself, since slashes separate parts. */
function purl(type: string, name: string, version: string, qualifiers = ""): string {
    const path = name.split("/").map(encodeURIComponent).join("/");
    return `pkg:${type}/${path}@${encodeURIComponent(version)}${qualifiers}`;
}

/**
 * The packages of an image, as its build listed them: Debian's by `dpkg-query --show`, Python's as `name==version`, and file
 * names of jars, whose group no name holds.
 *
 * @param suite Debian release (code name) that the image is made of.
 * @throws for a line that is none of these: a package that is left out is worse than no list.
 */
export function packagesIn(list: string, suite: string): Content[] {
    return list
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => {
            const [, debian = "", debianVersion] = /^([^\t]+)\t(.+)$/.exec(line) ?? [];
            if (debianVersion !== undefined) {
                const [name = "", architecture] = debian.split(":");
                const qualifiers = `?${architecture === undefined ? "" : `arch=${architecture}&`}distro=${suite}`;
                return {
                    name,
                    version: debianVersion,
                    purl: purl("deb", `debian/${name}`, debianVersion, qualifiers),
                };
            }
            const [, python = "", pythonVersion] = /^([^=\s]+)==(\S+)$/.exec(line) ?? [];
            if (pythonVersion !== undefined) {
                // As PyPI writes names: https://packaging.python.org/en/latest/specifications/name-normalization/
                const name = python.toLowerCase().replace(/[-_.]+/g, "-");
                return { name, version: pythonVersion, purl: purl("pypi", name, pythonVersion) };
            }
            const [, jar = "", jarVersion] = /^(.+?)-(\d[\w.-]*)\.jar$/.exec(line) ?? [];
            if (jarVersion !== undefined) {
                return { name: jar, version: jarVersion, purl: purl("generic", jar, jarVersion) };
            }
            throw new Error(`this is the name of no package: ${line}`);
        });
}

/** The modules of a Go program, from what `go version -m` prints; a replaced module is the one that was built. */
export function goModulesIn(text: string): Content[] {
    const modules: Content[] = [];
    for (const line of text.split("\n")) {
        const [, kind, name = "", version = ""] = /^\t(mod|dep|=>)\t(\S+)\t(\S+)/.exec(line) ?? [];
        if (kind !== undefined) {
            const module = { name, version, purl: purl("golang", name, version) };
            modules.splice(
                kind === "=>" ? modules.length - 1 : modules.length,
                kind === "=>" ? 1 : 0,
                module,
            );
        }
    }
    return modules;
}

/** What an image holds: the packages in the list of its build, and the modules of its Go program where it has one. */
export async function contentOf(
    list: string,
    suite: string,
    program: string | undefined,
): Promise<Content[]> {
    const packages = packagesIn(readFileSync(list, "utf8"), suite);
    if (program === undefined) {
        return packages;
    }
    const modules = await must("go", ["version", "-m", program], { environment: goEnvironment() });
    return [...packages, ...goModulesIn(modules)];
}

/**
 * A software bill of materials in JSON, by CycloneDX 1.6. It has neither a time nor a serial number, so that the same image has
 * the same bill.
 */
export function billOfMaterials(reference: string, content: readonly Content[]): string {
    const [, name = reference, tag] = /^(.+):([^:/]+)$/.exec(reference) ?? [];
    const image = new Models.Component(Enums.ComponentType.Container, name, {
        ...(tag === undefined ? {} : { version: tag }),
        bomRef: reference,
    });
    const byUrl = new Map(content.map((each) => [each.purl, each]));
    const components = [...byUrl.values()].map(
        ({ name, version, purl }) =>
            new Models.Component(Enums.ComponentType.Library, name, { version, purl, bomRef: purl }),
    );
    for (const { bomRef } of components) {
        image.dependencies.add(bomRef);
    }
    const bom = new Models.Bom({
        metadata: new Models.Metadata({ component: image }),
        components: new Models.ComponentRepository(components),
    });
    const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
    return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}
