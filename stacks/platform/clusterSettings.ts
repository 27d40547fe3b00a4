import type { ClusterSettings, PullSecret } from "../../components/core/cluster/clusterSettings";
import type { Settings } from "../settings/parsed/settings";

/** Services that pods ask over HTTP by their names alone. */
export const HTTP_SERVICES = [
    "minio",
    "mlflow",
    "inference-lb",
    "prometheus",
    "alertmanager",
    "victoria-logs",
] as const;

/**
 * The settings of the cluster, as components take them.
 *
 * @param stack its name.
 */
export function clusterSettings(
    { cluster, clusterDomain, namespace, network }: Settings,
    stack: string,
): ClusterSettings {
    return {
        ...cluster,
        domain: clusterDomain,
        ipFamilyPolicy: network.ipFamilyPolicy,
        pullSecrets: cluster.pullSecrets.map((reference) => pullSecret(reference, namespace.name, stack)),
    };
}

/** Reads `<name>` or `<namespace>/<name>`. */
function pullSecret(reference: string, home: string, stack: string): PullSecret {
    const [first = "", second] = reference.split("/");
    const [namespace, name] = second === undefined ? [home, first] : [first, second];
    return { namespace, name, localName: namespace === home ? name : `${stack}-${name}` };
}
