import * as pulumi from "@pulumi/pulumi";
import { existingLabels } from "../../components/access/existingObject";
import type { Settings } from "../settings/parsed/settings";

/** Label of a namespace with the Pod Security Standard that its pods are held to. */
const POD_SECURITY = "pod-security.kubernetes.io/enforce";

/**
 * Checks a namespace that the stack uses and did not create. Nothing of it is changed, so what it lacks is reported.
 *
 * @throws when it does not exist.
 */
export async function checkNamespace({ namespace }: Settings, context: string): Promise<void> {
    if (namespace.create) {
        return;
    }
    const labels = await existingLabels(context)({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: namespace.name },
    });
    const findings = namespaceFindings(namespace.name, labels);
    for (const finding of findings) {
        await pulumi.log.warn(finding);
    }
}

/**
 * What a namespace with these labels lacks.
 *
 * @param labels undefined where there is no such namespace.
 * @throws when it does not exist.
 */
export function namespaceFindings(
    name: string,
    labels: Readonly<Record<string, string>> | undefined,
): readonly string[] {
    if (labels === undefined) {
        throw new Error(
            `flts:namespace.create = false: the cluster has no namespace "${name}". Create it with ` +
                `\`kubectl create namespace ${name}\`, or set flts:namespace.create to true. Nothing was changed.`,
        );
    }
    const level = labels[POD_SECURITY];
    return level === "restricted"
        ? []
        : [
              `The namespace ${name} ${level === undefined ? "holds pods to no Pod Security Standard" : `admits pods of the Pod Security Standard ${level}`}; ` +
                  "this stack's pods pass restricted. It is not changed; its owner can set it: " +
                  `\`kubectl label namespace ${name} ${POD_SECURITY}=restricted\`.`,
          ];
}
