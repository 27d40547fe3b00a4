/** The parts of a resource in Pulumi's state that identify it. */
export interface StateResource {
    readonly urn: string;
    readonly type: string;
    /** Given by the provider; `<namespace>/<name>` for most of Kubernetes' objects. */
    readonly id?: string;
    /** False for components, which are only a grouping of others. */
    readonly custom?: boolean;
}

/** Providers whose resources exist in Pulumi's state alone. */
const onlyInState = ["pulumi", "random"];

/**
 * What stays in the cluster when a state is forgotten without a destroy, one entry for each resource, such as
 * `StatefulSet flts/kafka` or `S3Bucket mlflow`. The state does not know that resources in a deleted server are
 * deleted as well.
 */
export function describeLeft(resources: readonly StateResource[]): string[] {
    return resources
        .filter(({ type, custom }) => custom === true && !onlyInState.includes(type.split(":")[0] ?? ""))
        .map(({ type, id, urn }) => `${type.split(":").pop() ?? ""} ${id ?? urn.split("::").pop() ?? ""}`)
        .sort();
}
