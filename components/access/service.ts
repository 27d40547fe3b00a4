import { loadCluster } from "./cluster";
import type { ServiceAddress } from "./portForward";

/** True only if the API server says that there is no such Service; one that cannot be asked proves nothing. */
export async function isMissing(context: string, { namespace, name }: ServiceAddress): Promise<boolean> {
    const { client, config } = await loadCluster(context);
    try {
        await config.makeApiClient(client.CoreV1Api).readNamespacedService({ namespace, name });
        return false;
    } catch (error) {
        return error instanceof client.ApiException && error.code === 404;
    }
}

/**
 * The Service that a host name inside the cluster means: `name`, or `name.namespace.svc` with the cluster's domain or
 * without.
 *
 * @param namespace where a bare name is looked for.
 * @returns undefined for any other host.
 */
export function serviceOf(host: string, namespace: string): ServiceAddress | undefined {
    const labels = host.split(".");
    const [name = "", own = namespace, svc] = labels;
    return labels.length === 1 || svc === "svc" ? { namespace: own, name } : undefined;
}
