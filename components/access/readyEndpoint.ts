/** The part of an EndpointSlice that is read. */
export interface Endpoints {
    readonly ports?: readonly { readonly port?: number }[];
    /** The API server says null for none. */
    readonly endpoints:
        | readonly {
              readonly conditions?: { readonly ready?: boolean };
              readonly targetRef?: { readonly kind?: string; readonly name?: string };
          }[]
        | null;
}

/** A pod that serves, and the container port it serves on. */
export interface PodEndpoint {
    readonly pod: string;
    readonly port: number;
}

/**
 * Picks a ready pod behind a Service from its EndpointSlices.
 *
 * The slices are asked instead of the pods because they carry the Service's own selector and target port, so
 * that a chart may name and label its pods as it likes.
 *
 * @param preferred pod that is picked while it is ready.
 * @returns undefined when no endpoint is ready, which a caller treats as "not yet".
 */
export function readyEndpoint(slices: readonly Endpoints[], preferred?: string): PodEndpoint | undefined {
    const ready = slices.flatMap(({ ports, endpoints }) => {
        const port = ports?.find((candidate) => candidate.port !== undefined)?.port;
        return (endpoints ?? []).flatMap(({ conditions, targetRef }): PodEndpoint[] =>
            port !== undefined &&
            conditions?.ready !== false &&
            targetRef?.kind === "Pod" &&
            targetRef.name !== undefined
                ? [{ pod: targetRef.name, port }]
                : [],
        );
    });
    return ready.find(({ pod }) => pod === preferred) ?? ready[0];
}
