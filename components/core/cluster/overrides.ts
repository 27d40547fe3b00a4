import { applyPatch, type Operation } from "fast-json-patch";
import * as pulumi from "@pulumi/pulumi";

/** A change of one declared object, after everything else: RFC 6902. */
export interface Override {
    /** Kind of the object, such as `Deployment`; `Release` for MinIO's chart, whose values are under `/values`. */
    readonly kind: string;
    /** Name of the object in the cluster. */
    readonly name: string;
    readonly patch: readonly Operation[];
}

/** Fields that name an object; overriding them would make another object, which no guard knows. */
const IDENTITY = /^\/(kind|apiVersion|name|namespace|metadata\/(name|namespace))$/;

/** Names an object by its kind and name; undefined for a resource that is not an object of a cluster. */
function objectOf(type: string, inputs: Readonly<Record<string, unknown>>): ObjectId | undefined {
    if (!type.startsWith("kubernetes:")) {
        return undefined;
    }
    const kind = type.slice(type.lastIndexOf(":") + 1);
    const { name } = (kind === "Release" ? inputs : (inputs.metadata ?? {})) as { readonly name?: unknown };
    return typeof name === "string" ? { kind, name } : undefined;
}

interface ObjectId {
    readonly kind: string;
    readonly name: string;
}

/**
 * Applies overrides to what the program declares, and records which of them matched.
 *
 * A mistake is not thrown where it is found: the program continues, so that one report has all of them.
 */
export class Overrides {
    private readonly applied = new Set<Override>();
    private readonly failures: string[] = [];
    private readonly declared: ObjectId[] = [];

    public constructor(private readonly overrides: readonly Override[]) {}

    /** Inputs of a resource with all patches for it. */
    public apply(type: string, inputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
        const object = objectOf(type, inputs);
        if (object === undefined) {
            return inputs;
        }
        this.declared.push(object);
        return this.overrides.reduce((patched, override, index) => {
            if (override.kind !== object.kind || override.name !== object.name) {
                return patched;
            }
            this.applied.add(override);
            return this.patched(
                patched,
                override,
                `flts:overrides[${index}] (${object.kind} ${object.name})`,
            );
        }, inputs);
    }

    private patched(
        inputs: Readonly<Record<string, unknown>>,
        { patch }: Override,
        where: string,
    ): Record<string, unknown> {
        return patch.reduce<Record<string, unknown>>((before, operation, index) => {
            const step = `${where}, patch[${index}] ${operation.op} ${operation.path}`;
            if (IDENTITY.test(operation.path)) {
                this.failures.push(`${step}: it would name another object`);
                return before;
            }
            try {
                return applyPatch(copy(before), [operation], true).newDocument as Record<string, unknown>;
            } catch (error) {
                this.failures.push(`${step}: ${reasonOf(error)}`);
                return before;
            }
        }, inputs);
    }

    /** What is wrong with the overrides, once everything is declared. */
    public problems(): readonly string[] {
        const unmatched = this.overrides.flatMap((override, index) => {
            if (this.applied.has(override)) {
                return [];
            }
            const { kind, name } = override;
            const same = this.declared.filter((object) => object.kind === kind).map((object) => object.name);
            const kinds = [...new Set(this.declared.map((object) => object.kind))].sort();
            return [
                `flts:overrides[${index}] matches nothing: the stack declares no ${kind} "${name}"; ` +
                    (same.length > 0
                        ? `it has: ${[...new Set(same)].sort().join(", ")}`
                        : `kinds that it declares: ${kinds.join(", ")}`),
            ];
        });
        return [...this.failures, ...unmatched];
    }
}

/** A copy whose objects and lists can be changed; outputs and other values are shared. */
function copy(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.map(copy);
    }
    const plain = typeof value === "object" && value !== null && !pulumi.Output.isInstance(value);
    return plain && !(value instanceof Promise)
        ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)]))
        : value;
}

/** The first line of the library's message, which continues with the whole document. */
function reasonOf(error: unknown): string {
    return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
}
