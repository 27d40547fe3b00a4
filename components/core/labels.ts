/** Kubernetes labels, plain so that selectors can be compared and tested. */
export type Labels = Readonly<Record<string, string>>;

/** What identifies the pods of one tier. */
export interface TierIdentity {
    /** Stack that owns the tier: two stacks may share a namespace's name but never a selector. */
    readonly instance: string;
    /** Name of the tier, such as `kafka`. */
    readonly name: string;
    /** Distinguishes pods where one tier runs pods of several kinds, such as a Job beside a Deployment. */
    readonly component?: string;
}

/**
 * Labels that select pods. They must never change for a living workload, because selectors are immutable.
 *
 * Keys: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
 */
export function selectorLabels({ instance, name, component }: TierIdentity): Labels {
    return {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/instance": instance,
        ...(component === undefined ? {} : { "app.kubernetes.io/component": component }),
    };
}

/** Labels that every object of a tier carries. */
export function objectLabels(identity: TierIdentity): Labels {
    return {
        ...selectorLabels(identity),
        "app.kubernetes.io/part-of": "flts",
        "app.kubernetes.io/managed-by": "pulumi",
    };
}
