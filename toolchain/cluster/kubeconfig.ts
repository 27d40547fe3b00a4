import { readFileSync, writeFileSync } from "node:fs";
import { addresses, contextName, ports, type Layout } from "./layout";
import { authorityFiles, certificateFiles, type CertificateName } from "./pki";

/** Address of the cluster's API server. */
export const apiServerUrl = `https://${addresses.node}:${ports.apiServer}`;

function kubeconfig(cluster: object, user: object): string {
    return JSON.stringify(
        {
            apiVersion: "v1",
            kind: "Config",
            clusters: [{ name: contextName, cluster: { server: apiServerUrl, ...cluster } }],
            users: [{ name: contextName, user }],
            contexts: [{ name: contextName, context: { cluster: contextName, user: contextName } }],
            "current-context": contextName,
        },
        null,
        2,
    );
}

/** Kubeconfig of a component, which refers to its certificate by path and so holds no secret. */
export function componentKubeconfig(layout: Layout, name: CertificateName): string {
    const { certificate, key } = certificateFiles(layout, name);
    return kubeconfig(
        { "certificate-authority": authorityFiles(layout, "kubernetes").certificate },
        { "client-certificate": certificate, "client-key": key },
    );
}

/** Writes the administrator's kubeconfig, which holds its credentials and so can be copied elsewhere. */
export function writeAdminKubeconfig(layout: Layout): void {
    const encoded = (path: string): string => readFileSync(path).toString("base64");
    const { certificate, key } = certificateFiles(layout, "admin");
    const content = kubeconfig(
        { "certificate-authority-data": encoded(authorityFiles(layout, "kubernetes").certificate) },
        { "client-certificate-data": encoded(certificate), "client-key-data": encoded(key) },
    );
    writeFileSync(layout.kubeconfig, content, { mode: 0o600 });
}
