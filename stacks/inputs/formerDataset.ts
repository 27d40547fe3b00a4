import { explained } from "../../components/access/apiReason";
import { loadCluster } from "../../components/access/cluster";
import { formerFiles } from "../../components/pipeline/formerDataset";

/**
 * Files of the dataset that a stack of version 0.1.0 keeps in its state, in an order that is always the same; none for
 * a stack of a newer version or one that was never deployed.
 *
 * The cluster is asked because a program does not see its own state.
 */
export async function formerDataset(context: string, namespace: string, stack: string): Promise<string[]> {
    const { client, config } = await loadCluster(context);
    const selected = {
        namespace,
        labelSelector: `app.kubernetes.io/name=preprocess,app.kubernetes.io/instance=${stack}`,
    };
    const [deployments, jobs] = await explained(
        `flts:namespace = "${namespace}": its Deployments and Jobs cannot be listed in kubernetes:context = "${context}", so ` +
            "it is unknown whether the dataset is still in the state",
        () =>
            Promise.all([
                config.makeApiClient(client.AppsV1Api).listNamespacedDeployment(selected),
                config.makeApiClient(client.BatchV1Api).listNamespacedJob(selected),
            ]),
        ". Allow the user to list them",
    );
    return formerFiles([...deployments.items, ...jobs.items]);
}
