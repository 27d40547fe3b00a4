import type * as kubernetesClient from "@kubernetes/client-node" with { "resolution-mode": "import" };
import { apiReason } from "./apiReason";

/** A cluster, as the user's kubeconfig describes it. */
export interface Cluster {
    readonly client: typeof kubernetesClient;
    readonly config: kubernetesClient.KubeConfig;
}

/**
 * Loads a context of the kubeconfig.
 *
 * @param context its name; the file comes from `KUBECONFIG` or the user's home.
 * @throws with the known names when there is no such context.
 */
export async function loadCluster(context: string): Promise<Cluster> {
    // Imported late: the package takes a second to load, and a run with wrong settings ends before that.
    const client = await import("@kubernetes/client-node");
    const config = new client.KubeConfig();
    config.loadFromDefault();
    if (config.getContextObject(context) === null) {
        const known = config.getContexts().map((candidate) => candidate.name);
        throw new Error(
            `kubernetes:context = "${context}": the kubeconfig has no such context; ` +
                `it has: ${known.join(", ") || "none"}. Set KUBECONFIG to the file that has it, or ` +
                "`pulumi config set kubernetes:context <name>`.",
        );
    }
    config.setCurrentContext(context);
    return { client, config };
}

/**
 * Asks the API server for its version.
 *
 * The Kubernetes provider previews an unreachable cluster as if everything were to be created, which is worse than
 * no preview.
 *
 * @param seconds that the API server may take to answer.
 * @throws when there is no answer in time, with the address and the reason.
 */
export async function checkCluster(context: string, seconds: number): Promise<void> {
    const { client, config } = await loadCluster(context);
    const server = config.getCurrentCluster()?.server ?? "unknown address";
    const timeout = AbortSignal.timeout(seconds * 1000);
    const late = new Promise<never>((_, reject) => {
        timeout.addEventListener("abort", () => {
            reject(new Error(`no answer within ${seconds} s`));
        });
    });
    try {
        await Promise.race([config.makeApiClient(client.VersionApi).getCode(), late]);
    } catch (error) {
        throw new Error(
            `The cluster of kubernetes:context = "${context}" (${server}) cannot be reached: ${apiReason(error)}. ` +
                "Start it (`make cluster-up` for the embedded one) or name another context. Nothing was changed.",
            { cause: error },
        );
    }
}
