import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Labels } from "../labels";

/** How a Service is reached: inside the cluster only, on a port of each node, or through a cloud load balancer. */
export interface Exposure {
    readonly type: "ClusterIP" | "NodePort" | "LoadBalancer";
    /** Port on the nodes, 30000-32767; chosen by the cluster when absent. */
    readonly nodePort?: number | undefined;
}

/** True when clients outside the cluster are meant to reach the Service. */
export function reachableFromOutside(exposure: Exposure): boolean {
    return exposure.type !== "ClusterIP";
}

/**
 * Host name or address at which a load balancer serves a Service of that type. The update that makes the Service waits
 * for it; undefined where the cluster took it away since.
 */
export function loadBalancerHost(service: kubernetes.core.v1.Service): pulumi.Output<string | undefined> {
    return service.status.apply((status) => {
        // The declared type knows no Service without a status; a Service that waits has an empty one.
        const balancer = status.loadBalancer as Partial<typeof status.loadBalancer> | undefined;
        const first = balancer?.ingress?.[0];
        return first?.hostname ?? first?.ip;
    });
}

/** Specification of a Service with one named port. */
export function exposedService(
    exposure: Exposure,
    selector: Labels,
    port: { readonly name: string; readonly port: number; readonly targetPort: string },
): kubernetes.types.input.core.v1.ServiceSpec {
    return {
        type: exposure.type,
        selector: { ...selector },
        ports: [{ ...port, ...(exposure.nodePort === undefined ? {} : { nodePort: exposure.nodePort }) }],
    };
}
