/** The part of an EndpointSlice that is looked at. */
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
 * @returns undefined when no endpoint is ready, which a caller treats as "not yet".
 */
export function readyEndpoint(slices: readonly Endpoints[]): PodEndpoint | undefined {
    for (const slice of slices) {
        const port = slice.ports?.find((candidate) => candidate.port !== undefined)?.port;
        const target = slice.endpoints?.find(
            (endpoint) => endpoint.conditions?.ready !== false && endpoint.targetRef?.kind === "Pod",
        )?.targetRef?.name;
        if (port !== undefined && target !== undefined) {
            return { pod: target, port };
        }
    }
    return undefined;
}
