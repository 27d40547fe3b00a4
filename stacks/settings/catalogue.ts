import { z } from "zod";
import { settingsSchema } from "./schema";

/** One setting, as messages and documentation show it. */
export interface SettingDescription {
    /** Key path below the project, such as `kafka.brokers`. */
    readonly path: string;
    readonly description: string;
    /** What values are allowed, in words. */
    readonly allowed: string;
    /** Undefined when the setting is empty unless given. */
    readonly fallback: unknown;
    /** A value in use, where the setting has one. */
    readonly example: unknown;
}

interface JsonSchema {
    readonly type?: string;
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly items?: JsonSchema;
    readonly enum?: readonly string[];
    readonly minimum?: number;
    readonly maximum?: number;
    readonly default?: unknown;
    readonly description?: string;
    /** Added by the builders of text settings. */
    readonly allowed?: string;
    readonly examples?: readonly unknown[];
    /** Added by the builder of sizes. */
    readonly tiers?: readonly string[];
}

/** All settings in the order of the schema. */
export function settingDescriptions(): readonly SettingDescription[] {
    return describe(z.toJSONSchema(settingsSchema) as JsonSchema, []);
}

/** Where the sizes of a tier's pods are set, by its name; others have sizes that only an override changes. */
export function sizesOfTiers(): ReadonlyMap<string, string> {
    return new Map(sizes(z.toJSONSchema(settingsSchema) as JsonSchema, []));
}

function sizes({ tiers = [], properties = {} }: JsonSchema, path: readonly string[]): [string, string][] {
    return [
        ...tiers.map((tier): [string, string] => [tier, path.join(".")]),
        ...Object.entries(properties).flatMap(([key, child]) => sizes(child, [...path, key])),
    ];
}

function describe(schema: JsonSchema, path: readonly string[]): SettingDescription[] {
    // A group that may be given as one value is one setting.
    if (schema.properties !== undefined && schema.allowed === undefined) {
        return Object.entries(schema.properties).flatMap(([key, child]) => describe(child, [...path, key]));
    }
    return [
        {
            path: path.join("."),
            description: schema.description ?? "",
            allowed: allowedValues(schema),
            fallback: schema.default,
            example: schema.examples?.[0],
        },
    ];
}

function allowedValues(schema: JsonSchema): string {
    if (schema.allowed !== undefined) {
        return schema.allowed;
    }
    if (schema.enum !== undefined) {
        return `one of ${schema.enum.join(", ")}`;
    }
    switch (schema.type) {
        case "integer":
            return `a whole number from ${String(schema.minimum)} to ${String(schema.maximum)}`;
        case "number":
            return `a number from ${String(schema.minimum)} to ${String(schema.maximum)}`;
        case "boolean":
            return "true or false";
        case "array":
            return schema.items?.enum === undefined
                ? "a list of names"
                : `a list of ${schema.items.enum.join(", ")}`;
        default:
            return "text";
    }
}
