import { kubectlGet } from "./commands";

/** Header that logs in to the stack's MLflow as people do, from the Secret that `make up` names. */
export async function mlflowLogin(namespace = "flts"): Promise<{ Authorization: string }> {
    const { data } = await kubectlGet<{ data: { authorization: string } }>(
        ...["secret", "mlflow-admin", "--namespace", namespace],
    );
    return { Authorization: Buffer.from(data.authorization, "base64").toString() };
}
