import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

type Properties = Readonly<Record<string, unknown>>;

/** A resource as a state holds it. */
export interface RecordedResource {
    readonly urn: string;
    readonly type: string;
    readonly custom?: boolean;
    readonly id?: string;
    readonly parent?: string;
    readonly provider?: string;
    readonly inputs?: Properties;
    readonly outputs?: Properties;
}

/** A step of a preview, as `pulumi preview --json` prints it. */
export interface Step {
    /** Such as `same`, `update`, `create-replacement` or `delete`. */
    readonly op: string;
    readonly urn: string;
    readonly newState?: RecordedResource;
    readonly oldState?: RecordedResource;
}

/** Options of a resource that decide what an update does to it. */
const KEPT = [
    "urn",
    "type",
    "custom",
    "parent",
    "provider",
    "inputs",
    "deletedWith",
    "replacementTrigger",
    "resourceHooks",
] as const;

/** Parts of objects in which a change never replaces one, and that are long. */
const CHANGED_IN_PLACE = [
    "data",
    "stringData",
    "template",
    "jobTemplate",
    "rules",
    "ingress",
    "egress",
    "ports",
];

/** What a preview prints in place of a value that only an update knows. */
const UNKNOWN = /04da6b54-80e4-46f7-96ec-b56ff0331ba9/g;

function stateFile(release: string, stack: string): string {
    return join(__dirname, "..", `${release}-${stack}.json`);
}

function withoutLongParts(object: Properties): Properties {
    return Object.fromEntries(Object.entries(object).filter(([name]) => !CHANGED_IN_PLACE.includes(name)));
}

function shortened(resource: RecordedResource): RecordedResource {
    const kept = Object.fromEntries(
        KEPT.filter((key) => key in resource).map((key) => [key, resource[key as keyof RecordedResource]]),
    ) as unknown as RecordedResource;
    if (!resource.type.startsWith("kubernetes:") || resource.type.includes("helm") || !kept.inputs) {
        return kept;
    }
    const { spec, ...inputs } = withoutLongParts(kept.inputs);
    return {
        ...kept,
        inputs: { ...inputs, ...(spec === undefined ? {} : { spec: withoutLongParts(spec as Properties) }) },
    };
}

/**
 * Keeps the state that the first update of a new stack would leave, from its preview: one resource a line, without the parts
 * that decide nothing.
 */
export function keepState(release: string, stack: string, steps: readonly Step[]): void {
    const lines = steps.flatMap(({ newState }) =>
        newState === undefined ? [] : [JSON.stringify(shortened(newState)).replace(UNKNOWN, "recorded")],
    );
    writeFileSync(stateFile(release, stack), `[\n${lines.join(",\n")}\n]\n`);
}

/** The resources of a stack that a release made: what a server answered is what it was given. */
export function recordedState(release: string, stack: string): readonly RecordedResource[] {
    const recorded = JSON.parse(
        readFileSync(stateFile(release, stack), "utf8"),
    ) as readonly RecordedResource[];
    return [...defaultProviders(recorded), ...recorded].map((resource) =>
        resource.custom === true
            ? { ...resource, id: idOf(resource), outputs: outputsOf(resource) }
            : resource,
    );
}

/** Providers that the engine makes by itself, and which previews do not list. */
function defaultProviders(resources: readonly RecordedResource[]): RecordedResource[] {
    const declared = new Set(resources.map(({ urn }) => urn));
    const used = new Set(resources.flatMap(({ provider }) => provider?.replace(/::[^:]*$/, "") ?? []));
    return [...used]
        .filter((urn) => !declared.has(urn))
        .map((urn) => ({
            urn,
            type: urn.split("::")[2] ?? "",
            custom: true,
            // The name ends with the version: default_4_21_2.
            inputs: { version: urn.split("::default_")[1]?.replaceAll("_", ".") },
        }));
}

function outputsOf({ type, inputs = {} }: RecordedResource): Properties {
    if (type === "random:index/randomPassword:RandomPassword") {
        return { ...inputs, result: "recorded", bcryptHash: "recorded" };
    }
    // The Kubernetes plugin compares with what it was given, which it keeps among the outputs.
    if (type.startsWith("kubernetes:")) {
        return { ...inputs, __inputs: type === "kubernetes:helm.sh/v3:Release" ? secret(inputs) : inputs };
    }
    return inputs;
}

/** A secret value in a state, by the key and signature of Pulumi's SDK (sdk/go/common/resource/sig). */
function secret(value: unknown): Properties {
    return {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        plaintext: JSON.stringify(value),
    };
}

function idOf({ type, inputs }: RecordedResource): string {
    const { namespace, name } = (inputs?.metadata ?? {}) as { namespace?: string; name?: string };
    if (type.startsWith("pulumi:providers:")) {
        return "recorded";
    }
    return name === undefined ? "recorded" : namespace === undefined ? name : `${namespace}/${name}`;
}
