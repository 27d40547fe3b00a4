import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { componentOptions } from "../core/componentOptions";
import { objectLabels } from "../core/labels";
import type { Connection, Peer } from "../core/links";
import { allowFrom } from "../core/network/networkPolicies";
import type { Platform } from "../core/platform";

/** Secret that cert-manager fills when no other is named. */
const ISSUED_SECRET = "flts-tls";

/**
 * Pods that cert-manager starts in the namespace while an issuer asks for a page: to the controller they are one more server.
 * Reference: https://cert-manager.io/docs/configuration/acme/http01/
 */
const HTTP01_SOLVER = { serverLabels: { "acme.cert-manager.io/http01-solver": "true" }, ports: [8089] };

/** A host name, and the Service behind it. */
export interface Route {
    readonly host: string;
    /** Who serves; its `server` is the Service's name. */
    readonly server: Connection;
    readonly servicePort: number;
}

/** Where the hosts' certificate comes from. */
export type Certificate =
    | { readonly from: "secret"; readonly secretName: string }
    /** cert-manager asks this ClusterIssuer for one and renews it. */
    | { readonly from: "issuer"; readonly clusterIssuer: string };

export interface GatewayArgs {
    readonly platform: Platform;
    readonly routes: readonly Route[];
    /** Undefined takes the cluster's default class. */
    readonly className: string | undefined;
    /** Where requests come from: the pods of the Ingress controller, or its nodes. */
    readonly controller: readonly Peer[];
    /** Undefined serves plain HTTP. */
    readonly certificate: Certificate | undefined;
}

/** The way in from outside the cluster: one Ingress for all hosts, through whatever controller the cluster has. */
export class Gateway extends pulumi.ComponentResource {
    public constructor(name: string, args: GatewayArgs, opts?: pulumi.ComponentResourceOptions) {
        const { platform, routes, certificate } = args;
        super("flts:gateway:Gateway", name, {}, componentOptions(platform, opts));
        const metadata = (object: string) => ({
            name: object,
            namespace: platform.namespace,
            labels: { ...objectLabels({ instance: platform.instance, name }) },
        });
        for (const { server } of routes) {
            const policy = `${server.server}-from-${name}`;
            new kubernetes.networking.v1.NetworkPolicy(
                policy,
                { metadata: metadata(policy), spec: allowFrom(args.controller, server) },
                { ...platform.ownership.options, parent: this },
            );
        }
        if (certificate?.from === "issuer") {
            const policy = `http01-solver-from-${name}`;
            new kubernetes.networking.v1.NetworkPolicy(
                policy,
                { metadata: metadata(policy), spec: allowFrom(args.controller, HTTP01_SOLVER) },
                { ...platform.ownership.options, parent: this },
            );
        }
        new kubernetes.networking.v1.Ingress(
            name,
            {
                metadata: {
                    ...metadata(name),
                    annotations: {
                        // A controller gives the Ingress its address when it likes, and some never do.
                        "pulumi.com/skipAwait": "true",
                        ...(certificate?.from === "issuer"
                            ? { "cert-manager.io/cluster-issuer": certificate.clusterIssuer }
                            : {}),
                    },
                },
                spec: ingressSpec(args),
            },
            {
                ...platform.ownership.options,
                parent: this,
                dependsOn: routes.flatMap(({ server }) => [...server.requires]),
            },
        );
        this.registerOutputs({ hosts: routes.map(({ host }) => host) });
    }
}

function ingressSpec(args: GatewayArgs): kubernetes.types.input.networking.v1.IngressSpec {
    const { routes, className, certificate } = args;
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
                          secretName: certificate.from === "secret" ? certificate.secretName : ISSUED_SECRET,
                      },
                  ],
              }),
    };
}
