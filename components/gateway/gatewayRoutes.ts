import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { CreatedGateway, ExistingGateway } from "./entrance";
import { certificateSecret, issuerAnnotation, type Route } from "./route";

/** API of HTTPRoute and Gateway: https://gateway-api.sigs.k8s.io/reference/spec/ */
export const GATEWAY_API = { group: "gateway.networking.k8s.io", version: "v1" } as const;
const API_VERSION = `${GATEWAY_API.group}/${GATEWAY_API.version}`;

/** Listener on which cert-manager answers HTTP-01 challenges. */
const CHALLENGES = "challenges";

export interface GatewayRoutesArgs {
    readonly gateway: ExistingGateway | CreatedGateway;
    readonly routes: readonly Route[];
    readonly metadata: (object: string) => {
        readonly name: string;
        readonly namespace: pulumi.Input<string>;
        readonly labels: Record<string, string>;
    };
    readonly options: pulumi.CustomResourceOptions;
}

/** One HTTPRoute for each host, attached to a Gateway. */
export function gatewayRoutes(name: string, args: GatewayRoutesArgs): void {
    const { gateway, routes, metadata, options } = args;
    // Like the Ingress: a controller writes the status when it likes.
    const annotations = { "pulumi.com/skipAwait": "true" };
    const created = gateway.from === "created" ? [createdGateway(name, gateway, args, annotations)] : [];
    for (const { name: route, host, server, servicePort } of routes) {
        new kubernetes.apiextensions.CustomResource(
            `${name}-${route}`,
            {
                apiVersion: API_VERSION,
                kind: "HTTPRoute",
                metadata: { ...metadata(`${name}-${route}`), annotations },
                spec: {
                    parentRefs: [
                        gateway.from === "existing" ? parent(gateway) : { name, sectionName: route },
                    ],
                    hostnames: [host],
                    rules: [
                        {
                            matches: [{ path: { type: "PathPrefix", value: "/" } }],
                            backendRefs: [{ name: server.server, port: servicePort }],
                        },
                    ],
                },
            },
            { ...options, dependsOn: [...created, ...server.requires] },
        );
    }
}

function parent({ name, namespace, sectionName }: ExistingGateway): Record<string, string> {
    return {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(sectionName === undefined ? {} : { sectionName }),
    };
}

function createdGateway(
    name: string,
    { className, ports, certificate }: CreatedGateway,
    { routes, metadata, options }: GatewayRoutesArgs,
    annotations: Readonly<Record<string, string>>,
): pulumi.Resource {
    const allowedRoutes = { namespaces: { from: "Same" } };
    // cert-manager makes a certificate for listeners with a host name alone.
    const listeners = routes.map(({ name: route, host }) => ({
        name: route,
        hostname: host,
        allowedRoutes,
        ...(certificate === undefined
            ? { protocol: "HTTP", port: ports.http }
            : {
                  protocol: "HTTPS",
                  port: ports.https,
                  tls: { mode: "Terminate", certificateRefs: [{ name: certificateSecret(certificate) }] },
              }),
    }));
    const challenges = { name: CHALLENGES, protocol: "HTTP", port: ports.http, allowedRoutes };
    return new kubernetes.apiextensions.CustomResource(
        name,
        {
            apiVersion: API_VERSION,
            kind: "Gateway",
            metadata: {
                ...metadata(name),
                annotations: { ...annotations, ...issuerAnnotation(certificate) },
            },
            spec: {
                gatewayClassName: className,
                listeners: [...listeners, ...(certificate?.from === "issuer" ? [challenges] : [])],
            },
        },
        options,
    );
}
