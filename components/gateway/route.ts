import type { Connection } from "../core/links";

/** Secret that cert-manager fills when no other is named. */
const ISSUED_SECRET = "flts-tls";

/** A host name, and the Service behind it. */
export interface Route {
    /** What is there, such as `api`. */
    readonly name: string;
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

/** Secret with the certificate. */
export function certificateSecret(certificate: Certificate): string {
    return certificate.from === "secret" ? certificate.secretName : ISSUED_SECRET;
}

/** Annotation by which cert-manager knows the issuer, of an Ingress and of a Gateway alike. */
export function issuerAnnotation(certificate: Certificate | undefined): Record<string, string> {
    return certificate?.from === "issuer"
        ? { "cert-manager.io/cluster-issuer": certificate.clusterIssuer }
        : {};
}
