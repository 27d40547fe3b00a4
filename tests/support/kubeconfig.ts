import { kubectl } from "./commands";

/** The part of a kubeconfig that tests change. */
export interface Kubeconfig {
    readonly contexts: readonly { readonly name: string; readonly context: object }[];
    readonly users: readonly { readonly name: string; readonly user: object }[];
}

/** The same clusters and contexts, with a token in place of every user's login. */
export function signedIn(given: Kubeconfig, token: string): Kubeconfig {
    return { ...given, users: given.users.map(({ name }) => ({ name, user: { token } })) };
}

/** A token of a service account of the embedded cluster, for longer than a suite takes. */
export async function serviceAccountToken(namespace: string, name: string): Promise<string> {
    return (await kubectl("--namespace", namespace, "create", "token", name, "--duration=2h")).trim();
}
