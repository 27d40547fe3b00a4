import type * as kubernetesClient from "@kubernetes/client-node" with { "resolution-mode": "import" };
import { existing } from "../../components/access/readable";
import { GATEWAY_API } from "../../components/gateway/gatewayRoutes";
import type { ClassFacts, GatewayFacts, ListenerFacts } from "./facts";

/** As the API has it: https://gateway-api.sigs.k8s.io/reference/spec/ */
interface Gateway {
    readonly spec?: {
        readonly listeners?: readonly {
            readonly name: string;
            readonly allowedRoutes?: { readonly namespaces?: { readonly from?: ListenerFacts["from"] } };
        }[];
    };
}

/** Reads a Gateway; undefined where there is none. */
export async function readGateway(
    api: kubernetesClient.CustomObjectsApi,
    client: typeof kubernetesClient,
    { name, namespace }: { readonly name: string; readonly namespace: string },
): Promise<GatewayFacts | undefined> {
    const object = { ...GATEWAY_API, plural: "gateways", name, namespace };
    const gateway = (await existing({ client }, () => api.getNamespacedCustomObject(object))) as
        Gateway | undefined;
    if (gateway === undefined) {
        return undefined;
    }
    const listeners = (gateway.spec?.listeners ?? []).map((listener) => ({
        name: listener.name,
        // The default of the API.
        from: listener.allowedRoutes?.namespaces?.from ?? "Same",
    }));
    return { listeners };
}

/** Gateway classes; none in a cluster without the Gateway API. */
export async function readGatewayClasses(
    api: kubernetesClient.CustomObjectsApi,
    client: typeof kubernetesClient,
): Promise<readonly ClassFacts[]> {
    const list = (await existing({ client }, () =>
        api.listClusterCustomObject({ ...GATEWAY_API, plural: "gatewayclasses" }),
    )) as { readonly items: readonly { readonly metadata: { readonly name: string } }[] } | undefined;
    return (list?.items ?? []).map(({ metadata }) => ({ name: metadata.name, isDefault: false }));
}
