import { existingLabels } from "../../components/access/existingObject";
import { servesGroupVersion } from "../../components/access/cluster";
import { GATEWAY_API } from "../../components/gateway/gatewayRoutes";
import type { Settings } from "../settings/parsed/settings";

const API_VERSION = `${GATEWAY_API.group}/${GATEWAY_API.version}`;

/**
 * Checks that the cluster has what routes are to be attached to.
 *
 * @throws when it has no Gateway API, or no such Gateway.
 */
export async function checkGateway({ ingress, namespace: own }: Settings, context: string): Promise<void> {
    if (!ingress.enabled || ingress.entrance.kind === "Ingress") {
        return;
    }
    if (!(await servesGroupVersion(context, API_VERSION))) {
        throw new Error(
            `flts:ingress.kind = "Gateway": the cluster of kubernetes:context = "${context}" does not serve ${API_VERSION}. ` +
                "Install the Gateway API and a controller for it, or set flts:ingress.kind to Ingress. Nothing was changed.",
        );
    }
    const { gateway } = ingress.entrance;
    if (gateway.from === "created") {
        return;
    }
    const { name, namespace = own.name } = gateway;
    const found = await existingLabels(context)({
        apiVersion: API_VERSION,
        kind: "Gateway",
        metadata: { name, namespace },
    });
    if (found === undefined) {
        throw new Error(
            `flts:ingress.gateway.name = "${name}": the namespace ${namespace} has no such Gateway. Name one of ` +
                "`kubectl get gateways --all-namespaces`, or set flts:ingress.gateway.className to make one. Nothing was changed.",
        );
    }
}
