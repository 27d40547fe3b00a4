import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Declared } from "./stack";

type Properties = Readonly<Record<string, unknown>>;
type ResourceClass = new (
    name: string,
    properties: Properties,
    options?: pulumi.CustomResourceOptions,
) => pulumi.CustomResource;
type ProviderClass = new (name: string, properties: Properties) => pulumi.ProviderResource;

interface Input {
    readonly providers: Readonly<Record<string, Properties>>;
    readonly resources: readonly Declared[];
}

function isSecret(value: unknown): value is { $secret: unknown } {
    return value !== null && typeof value === "object" && "$secret" in value;
}

/** `{ $secret: value }` stands for a secret. */
function values(properties: Properties): Properties {
    return Object.fromEntries(
        Object.entries(properties).map(([name, value]) => [
            name,
            isSecret(value) ? pulumi.secret(value.$secret) : value,
        ]),
    );
}

function classOf(packageName: string, className: string): unknown {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- the test's data names the package
    return (require(`@pulumi/${packageName}`) as Record<string, unknown>)[className];
}

/**
 * The program that the plugin tests deploy: it declares the resources listed in the folder's resources.json, each after the
 * one before it, so that a test changes the program by changing data.
 */
export function declareResources(directory: string): void {
    const input = JSON.parse(readFileSync(join(directory, "resources.json"), "utf8")) as Input;
    const providers = Object.fromEntries(
        Object.entries(input.providers).map(([name, settings]) => [
            name,
            new (classOf(name, "Provider") as ProviderClass)(name, values(settings)),
        ]),
    );
    let previous: pulumi.Resource[] = [];
    for (const { type, name, properties, options } of input.resources) {
        const [packageName = "", className = ""] = type.split(".");
        const provider = providers[packageName];
        const resource = new (classOf(packageName, className) as ResourceClass)(
            name,
            values(properties ?? {}),
            {
                ...(provider === undefined ? {} : { provider }),
                dependsOn: previous,
                ...options,
            },
        );
        previous = [resource];
    }
}
