import type { Certificate } from "./route";

/** A Gateway that was there before the stack; its owner gives it certificates. */
export interface ExistingGateway {
    readonly from: "existing";
    readonly name: string;
    /** Undefined for the stack's own namespace. */
    readonly namespace: string | undefined;
    /** Its listener; any that serves the hosts when undefined. */
    readonly sectionName: string | undefined;
}

/** A Gateway of the stack's own, with a listener for each host. */
export interface CreatedGateway {
    readonly from: "created";
    readonly className: string;
    readonly ports: { readonly http: number; readonly https: number };
    /** Undefined serves plain HTTP. */
    readonly certificate: Certificate | undefined;
}

/** An Ingress for all hosts, through whatever controller the cluster has. */
export interface IngressObject {
    readonly kind: "Ingress";
    /** Undefined takes the cluster's default class. */
    readonly className: string | undefined;
    /** Undefined serves plain HTTP. */
    readonly certificate: Certificate | undefined;
}

/** How requests come in. */
export type Entrance =
    IngressObject | { readonly kind: "Gateway"; readonly gateway: ExistingGateway | CreatedGateway };

/** The certificate that the stack gives to the entrance; undefined for plain HTTP, and at an existing Gateway. */
export function certificateAt(entrance: Entrance): Certificate | undefined {
    if (entrance.kind === "Ingress") {
        return entrance.certificate;
    }
    return entrance.gateway.from === "created" ? entrance.gateway.certificate : undefined;
}
