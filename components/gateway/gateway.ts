import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { componentOptions } from "../core/componentOptions";
import { objectLabels } from "../core/labels";
import type { Peer } from "../core/links";
import { allowFrom } from "../core/network/networkPolicies";
import type { Platform } from "../core/platform";
import { certificateAt, type Entrance, type IngressObject } from "./entrance";
import { gatewayRoutes } from "./gatewayRoutes";
import { certificateSecret, issuerAnnotation, type Route } from "./route";

/**
 * Pods that cert-manager starts in the namespace while an issuer asks for a page: to the controller they are one more server.
 * Reference: https://cert-manager.io/docs/configuration/acme/http01/
 */
const HTTP01_SOLVER = { serverLabels: { "acme.cert-manager.io/http01-solver": "true" }, ports: [8089] };

export interface GatewayArgs {
    readonly platform: Platform;
    readonly routes: readonly Route[];
    readonly entrance: Entrance;
    /** Where requests come from: the pods of the controller, or its nodes. */
    readonly controller: readonly Peer[];
}

/** The way in from outside the cluster: an Ingress, or routes at a Gateway. */
export class Gateway extends pulumi.ComponentResource {
    public constructor(name: string, args: GatewayArgs, opts?: pulumi.ComponentResourceOptions) {
        const { platform, routes, entrance } = args;
        super("flts:gateway:Gateway", name, {}, componentOptions(platform, opts));
        const metadata = (object: string) => ({
            name: object,
            namespace: platform.namespace,
            labels: { ...objectLabels({ instance: platform.instance, name }) },
        });
        const options = { ...platform.ownership.options, parent: this };
        const admitted = [
            ...routes.map(({ server }) => ({ ...server, policy: `${server.server}-from-${name}` })),
            ...(certificateAt(entrance)?.from === "issuer"
                ? [{ ...HTTP01_SOLVER, policy: `http01-solver-from-${name}` }]
                : []),
        ];
        for (const { policy, ...server } of admitted) {
            new kubernetes.networking.v1.NetworkPolicy(
                policy,
                { metadata: metadata(policy), spec: allowFrom(args.controller, server) },
                options,
            );
        }
        if (entrance.kind === "Gateway") {
            gatewayRoutes(name, { gateway: entrance.gateway, routes, metadata, options });
        } else {
            new kubernetes.networking.v1.Ingress(
                name,
                {
                    metadata: {
                        ...metadata(name),
                        annotations: {
                            // A controller gives the Ingress its address when it likes, and some never do.
                            "pulumi.com/skipAwait": "true",
                            ...issuerAnnotation(entrance.certificate),
                        },
                    },
                    spec: ingressSpec(routes, entrance),
                },
                { ...options, dependsOn: routes.flatMap(({ server }) => [...server.requires]) },
            );
        }
        this.registerOutputs({ hosts: routes.map(({ host }) => host) });
    }
}

function ingressSpec(
    routes: readonly Route[],
    { className, certificate }: IngressObject,
): kubernetes.types.input.networking.v1.IngressSpec {
    return {
        ...(className === undefined ? {} : { ingressClassName: className }),
        rules: routes.map(({ host, server, servicePort }) => ({
            host,
            http: {
                paths: [
                    {
                        path: "/",
                        pathType: "Prefix",
                        backend: { service: { name: server.server, port: { number: servicePort } } },
                    },
                ],
            },
        })),
        ...(certificate === undefined
            ? {}
            : {
                  tls: [
                      {
                          hosts: routes.map(({ host }) => host),
                          secretName: certificateSecret(certificate),
                      },
                  ],
              }),
    };
}
