/** A resource as an exported state holds it, secrets in clear or encrypted as they were exported. */
export interface StoredResource {
    readonly urn: string;
    readonly type: string;
    readonly custom?: boolean;
    /** True for what was only read, such as a Secret that another program made. */
    readonly external?: boolean;
    readonly id?: string;
    readonly inputs?: Readonly<Record<string, unknown>>;
    readonly outputs?: Readonly<Record<string, unknown>>;
    readonly parent?: string;
    /** `<URN>::<id>`. */
    readonly provider?: string;
    readonly dependencies?: readonly string[];
    readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
    readonly deletedWith?: string;
}

/** What `pulumi stack export` prints. */
export interface ExportedState {
    readonly version: number;
    readonly deployment: { readonly resources?: readonly StoredResource[] };
}

/** The name that a resource has in the program. */
export function nameOf(urn: string): string {
    return urn.split("::").pop() ?? urn;
}

/** Signature of a secret in an export: https://www.pulumi.com/docs/iac/concepts/secrets/ and `pulumi stack export --show-secrets`. */
const SECRET_KEY = "4dabf18193072939515e22adb298388d";

/** A value of an export with `--show-secrets`, without the wrapping of its secrets. */
export function unwrapped(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.map(unwrapped);
    }
    if (typeof value !== "object" || value === null) {
        return value;
    }
    if (SECRET_KEY in value && "plaintext" in value) {
        return unwrapped(JSON.parse(String(value.plaintext)));
    }
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, unwrapped(part)]));
}

/**
 * A state without one resource, and without what others say of it.
 *
 * `pulumi state delete` refuses a resource that others depend on, or deletes those as well; here they stay.
 *
 * @throws when the resource is a parent or a provider of others, which would be orphaned.
 */
export function withoutResource<State extends ExportedState>(state: State, urn: string): State {
    const resources = state.deployment.resources ?? [];
    const orphan = resources.find(
        ({ parent, provider }) => parent === urn || provider?.startsWith(`${urn}::`),
    );
    if (orphan !== undefined) {
        throw new Error(`${urn} cannot leave the state: ${orphan.urn} belongs to it`);
    }
    const others = (urns: readonly string[]): readonly string[] => urns.filter((one) => one !== urn);
    const kept = resources
        .filter((resource) => resource.urn !== urn)
        .map((resource) => {
            const { deletedWith, ...rest } = resource;
            return {
                ...rest,
                ...(deletedWith === undefined || deletedWith === urn ? {} : { deletedWith }),
                ...(rest.dependencies === undefined ? {} : { dependencies: others(rest.dependencies) }),
                ...(rest.propertyDependencies === undefined
                    ? {}
                    : {
                          propertyDependencies: Object.fromEntries(
                              Object.entries(rest.propertyDependencies).map(([name, urns]) => [
                                  name,
                                  urns === null ? null : others(urns),
                              ]),
                          ),
                      }),
            };
        });
    return { ...state, deployment: { ...state.deployment, resources: kept } };
}
