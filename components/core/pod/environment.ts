import type * as kubernetes from "@pulumi/kubernetes";

export type EnvironmentVariable = kubernetes.types.input.core.v1.EnvVar;

/** Values as code holds them; undefined leaves the variable out. */
export type PlainValues = Readonly<Record<string, string | number | boolean | undefined>>;

/** Variables with plain values. Never for secrets: see {@link fromSecret}. */
export function plain(values: PlainValues): EnvironmentVariable[] {
    return Object.entries(values).flatMap(([name, value]) =>
        value === undefined ? [] : [{ name, value: String(value) }],
    );
}

/** Variables that the kubelet fills from keys of a Secret, so that no value is part of the pod's specification. */
export function fromSecret(secret: string, keys: Readonly<Record<string, string>>): EnvironmentVariable[] {
    return Object.entries(keys).map(([name, key]) => ({
        name,
        valueFrom: { secretKeyRef: { name: secret, key } },
    }));
}

/** A variable with the pod's own name. */
export function podName(name: string): EnvironmentVariable {
    return { name, valueFrom: { fieldRef: { fieldPath: "metadata.name" } } };
}

/** One list in a stable order, so that a preview shows changes and not shuffles; the last of equal names counts. */
export function environment(...groups: readonly (readonly EnvironmentVariable[])[]): EnvironmentVariable[] {
    const byName = new Map(groups.flat().map((variable) => [variable.name as string, variable]));
    return [...byName.values()].sort((a, b) => ((a.name as string) < (b.name as string) ? -1 : 1));
}
