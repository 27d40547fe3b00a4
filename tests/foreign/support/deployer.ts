import { clusterEnvironment, kubectl, kubectlApply } from "../../support/commands";
import { runDocumented } from "../../support/documented";
import { serviceAccountToken } from "../../support/kubeconfig";

/** Service account in the page's commands. */
const NAMESPACE = "deployers";
const NAME = "flts";

/**
 * The user who deploys to the namespace `team`: a service account with what the page on clusters grants, and nothing else.
 *
 * @returns the account's token.
 */
export async function createDeployer(): Promise<string> {
    await kubectlApply([
        { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
        { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: NAME, namespace: NAMESPACE } },
    ]);
    const options = { environment: clusterEnvironment() };
    await runDocumented(
        "docs/clusters.md",
        "kubectl --namespace team create rolebinding flts --clusterrole=admin --serviceaccount=deployers:flts",
        options,
    );
    await runDocumented("docs/clusters.md", "kubectl apply --filename docs/flts-deployer.yaml", options);
    await runDocumented(
        "docs/clusters.md",
        "kubectl create clusterrolebinding flts --clusterrole=flts-deployer --serviceaccount=deployers:flts",
        options,
    );
    return serviceAccountToken(NAMESPACE, NAME);
}

export async function removeDeployer(): Promise<void> {
    await kubectl(
        "delete",
        `namespace/${NAMESPACE}`,
        "clusterrole/flts-deployer",
        "clusterrolebinding/flts",
        "--ignore-not-found",
    );
}
