/** A request to the Kubernetes API, named as in the rules of RBAC. */
export interface ApiRequest {
    /** API group; empty for the core group. */
    readonly group: string;
    /** Plural of the kind, with a subresource if there is one: `pods`, `pods/portforward`. */
    readonly resource: string;
    readonly verb: string;
    /** Undefined for all namespaces, and for what is in none. */
    readonly namespace: string | undefined;
}

/** One request with each of these verbs. */
export function requestsWith(
    verbs: readonly string[],
    target: Omit<ApiRequest, "verb">,
): readonly ApiRequest[] {
    return verbs.map((verb) => ({ ...target, verb }));
}

/**
 * Requests that the program itself makes while it deploys, beside those of Pulumi's Kubernetes provider.
 *
 * The preflight asks whether the user may make them. Otherwise the first deployment would stop in the middle.
 */
export class ApiRequests {
    private readonly requests: ApiRequest[] = [];

    public add(...requests: readonly ApiRequest[]): void {
        this.requests.push(...requests);
    }

    /** Everything that was added until now. */
    public get all(): readonly ApiRequest[] {
        return this.requests;
    }
}
