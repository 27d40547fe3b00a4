import { apiServerUrl } from "../kubeconfig";
import { addresses, ports, type Layout } from "../layout";
import { authorityFiles, certificateFiles, serviceAccountFiles } from "../pki";
import { answers } from "../probes";
import type { Daemon } from "../processes";
import { builtTool } from "../tools";

/** The Kubernetes API. Flags as kubeadm sets them, unless a comment says otherwise. */
export function apiServer(layout: Layout): Daemon {
    const ca = authorityFiles(layout, "kubernetes").certificate;
    const serving = certificateFiles(layout, "apiserver");
    const etcdClient = certificateFiles(layout, "etcd-client");
    const kubeletClient = certificateFiles(layout, "apiserver-kubelet-client");
    const proxyClient = certificateFiles(layout, "front-proxy-client");
    const serviceAccount = serviceAccountFiles(layout);
    return {
        name: "kube-apiserver",
        command: builtTool("kubernetes"),
        arguments: [
            "kube-apiserver",
            `--advertise-address=${addresses.node}`,
            `--bind-address=${addresses.node}`,
            `--secure-port=${ports.apiServer}`,
            `--tls-cert-file=${serving.certificate}`,
            `--tls-private-key-file=${serving.key}`,
            `--client-ca-file=${ca}`,
            `--etcd-servers=https://${addresses.node}:${ports.etcd}`,
            `--etcd-cafile=${authorityFiles(layout, "etcd").certificate}`,
            `--etcd-certfile=${etcdClient.certificate}`,
            `--etcd-keyfile=${etcdClient.key}`,
            `--kubelet-certificate-authority=${ca}`,
            `--kubelet-client-certificate=${kubeletClient.certificate}`,
            `--kubelet-client-key=${kubeletClient.key}`,
            // The node's name is in no DNS: without this, exec, logs and port-forward fail.
            "--kubelet-preferred-address-types=InternalIP",
            `--service-cluster-ip-range=${addresses.serviceRange}`,
            `--service-account-issuer=https://kubernetes.default.svc.${addresses.clusterDomain}`,
            `--service-account-key-file=${serviceAccount.certificate}`,
            `--service-account-signing-key-file=${serviceAccount.key}`,
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            // The aggregation layer, which metrics-server needs.
            `--requestheader-client-ca-file=${authorityFiles(layout, "front-proxy").certificate}`,
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User",
            `--proxy-client-cert-file=${proxyClient.certificate}`,
            `--proxy-client-key-file=${proxyClient.key}`,
            // As every managed cluster: what may be privileged is for Pod Security admission to say.
            "--allow-privileged=true",
            "--profiling=false",
            // Else stopping waits a minute for the watches of the other components.
            "--shutdown-watch-termination-grace-period=0s",
        ],
        ready: () => answers(`${apiServerUrl}/readyz`, { layout, authority: "kubernetes", client: "admin" }),
    };
}
